import process from "node:process";
import { type Job, UnrecoverableError, type Worker } from "bullmq";
import { checkKeys, describeValue } from "../../check.ts";
import { checkMilliseconds } from "../../check_number.ts";
import type { DrainReport } from "../../drain.ts";
import type { TaskObserver } from "../../observer.ts";
import { retryDelay } from "../../retry.ts";
import type { TaskRun } from "../../task_state.ts";
import { type AnyDefinedTask, MessageRunner } from "../message_runner.ts";
import type { TaskMessage } from "../types.ts";
import {
  type BullMQConnection,
  checkConnection,
  checkQueueName,
  DEFAULT_QUEUE_NAME,
} from "./connection.ts";
import { openWorker, type WorkerConnection } from "./open_worker.ts";
import { processorOf } from "./processor.ts";

/** Options of {@linkcode createWorker} beside where the engine is. */
export interface CreateWorkerOptions {
  /** The tasks the worker runs, made by `defineTask`; leave it out with `file`. */
  readonly tasks?: readonly AnyDefinedTask[];
  /**
   * A module whose default export is `taskProcessor([tasks])`. Its tasks run in threads of their
   * own, so that one which burns CPU does not keep the worker from telling the engine that it is
   * alive.
   *
   * @default {undefined} (the tasks run in the worker itself)
   */
  readonly file?: URL;
  /**
   * The name of BullMQ's queue.
   *
   * @default {"background-tasks"}
   */
  readonly queueName?: string;
  /**
   * How many tasks run at once. An integer, at least 1.
   *
   * @default {10}
   */
  readonly concurrency?: number;
  /**
   * Milliseconds after which the engine takes a worker for dead that has said nothing: then its
   * tasks run again. A task in the worker itself that burns CPU for longer runs twice. An integer,
   * at least 1000.
   *
   * @default {30000}
   */
  readonly lockDuration?: number;
  /**
   * How often a task may take its worker down with it before the engine gives it up. A crash uses
   * up no attempt of `retry`. An integer, at least 0.
   *
   * @default {3}
   */
  readonly crashRetries?: number;
  /**
   * Milliseconds the tasks in flight get on SIGTERM and SIGINT. Stay below what your platform waits
   * before it kills the process.
   *
   * @default {9000}
   */
  readonly closeTimeout?: number;
  /**
   * Whether the worker closes on SIGTERM and SIGINT, and ends the process: with 0 when every task
   * in flight has ended, else with 1.
   *
   * @default {true}
   */
  readonly closeOnSignals?: boolean;
  /**
   * Called with what a task of `tasks` threw, once it is given up, and with an error of BullMQ's for
   * one that took its workers down too often. Tasks of a `file` fail in their threads: there, give
   * it to `taskProcessor`.
   *
   * @default {console.error with the task's name and the error, never its arguments}
   */
  readonly onTaskError?: (error: unknown, run: TaskRun) => unknown;
  /**
   * Who watches the tasks of `tasks`; those of a `file` are watched in their threads: there, give
   * them to `taskProcessor`. Each attempt is a run of its own for them: added, started and ended,
   * with `run.attempt`; one that failed and is tried again has ended as `"failed"`.
   *
   * @default {[]}
   */
  readonly observers?: readonly TaskObserver[];
}

/** A worker that runs. */
export interface TaskWorker {
  /** BullMQ's own worker, for whatever this package does not do. */
  readonly client: Worker;
  /**
   * Takes no further task, waits for those in flight, and lets go of the connection.
   *
   * @returns What became of the tasks; at the timeout every `signal` is aborted, and the engine
   * gives what was abandoned to another worker once it takes this one for dead.
   */
  close(options?: { readonly timeout?: number }): Promise<DrainReport>;
}

const KEYS = [
  "connection",
  "postgres",
  "tasks",
  "file",
  "queueName",
  "concurrency",
  "lockDuration",
  "crashRetries",
  "closeTimeout",
  "closeOnSignals",
  "onTaskError",
  "observers",
];

/**
 * Runs durable tasks: the whole of a worker's process.
 *
 * Waits for an engine that is not up yet, makes BullMQ's tables in Postgres where they are missing,
 * and warns about a Redis that would lose tasks. Tasks run at least once: one whose worker died
 * runs again, at the same attempt, about `lockDuration` later.
 *
 * @example A worker
 * ```ts ignore
 * import { createWorker } from "@postlude/background-tasks/bullmq";
 * import { sendEmail } from "./tasks.ts";
 *
 * await createWorker({ connection: "redis://127.0.0.1:6379", tasks: [sendEmail] });
 * ```
 *
 * @param options Where the engine is, what to run, and how.
 * @returns The worker, once it is connected.
 * @throws {TypeError} If an option is unknown or of the wrong kind, or `file` exports no processor.
 * @throws {RangeError} If an option is out of range.
 */
export async function createWorker(
  options: BullMQConnection & CreateWorkerOptions,
): Promise<TaskWorker> {
  checkWorkerOptions(options);
  const { tasks = [], file, closeTimeout = 9_000, closeOnSignals = true } =
    options;
  const runner = new MessageRunner(
    tasks,
    options.onTaskError,
    options.observers,
  );
  if (file !== undefined) await checkFile(file);
  const connection = await openWorker(
    options,
    options.queueName ?? DEFAULT_QUEUE_NAME,
    file ?? processorOf(runner),
    {
      concurrency: options.concurrency ?? 10,
      lockDuration: options.lockDuration ?? 30_000,
      stalledInterval: Math.min(options.lockDuration ?? 30_000, 5_000),
      maxStalledCount: options.crashRetries ?? 3,
      runRetryDelay: 1_000, // after an outage; BullMQ would wait 15 seconds
      useWorkerThreads: true,
      settings: { backoffStrategy },
    },
  );
  const worker = new RunningWorker(connection, runner);
  if (closeOnSignals) worker.closeOnSignals(closeTimeout);
  return worker;
}

class RunningWorker implements TaskWorker {
  readonly client: Worker;
  readonly #connection: WorkerConnection;
  readonly #runner: MessageRunner;
  /** What runs, in this thread or in another one. */
  readonly #active = new Map<string | undefined, Job>();
  #finished = 0;
  #failed = 0;
  #closing: Promise<DrainReport> | undefined = undefined;

  constructor(connection: WorkerConnection, runner: MessageRunner) {
    this.client = connection.worker;
    this.#connection = connection;
    this.#runner = runner;
    this.client.on("active", (job) => void this.#active.set(job.id, job));
    this.client.on("completed", ({ id }) => {
      this.#active.delete(id);
      this.#finished++;
    });
    this.client.on("failed", (job, error) => void this.#jobFailed(job, error));
  }

  close(options: { readonly timeout?: number } = {}): Promise<DrainReport> {
    checkKeys("close option", options, ["timeout"]);
    if (options.timeout !== undefined) {
      checkMilliseconds("timeout", options.timeout, 0);
    }
    return this.#closing ??= this.#close(options.timeout);
  }

  closeOnSignals(timeout: number): void {
    for (const [signal, number] of [["SIGTERM", 15], ["SIGINT", 2]] as const) {
      process.on(signal, () => {
        if (this.#closing !== undefined) process.exit(128 + number);
        this.close({ timeout }).then(({ abandoned }) => {
          for (const { name, id } of abandoned) {
            console.error(`Durable task "${name}" ${id} was abandoned`);
          }
          process.exit(abandoned.length === 0 ? 0 : 1);
        }, (error) => {
          console.error("Cannot close the worker:", error);
          process.exit(1);
        });
      });
    }
  }

  async #close(timeout: number | undefined): Promise<DrainReport> {
    const [finished, failed] = [this.#finished, this.#failed];
    const closed = this.client.close().then(() => true);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<false>((resolve) => {
      if (timeout !== undefined) {
        timer = setTimeout(() => resolve(false), timeout);
      }
    });
    const inTime = await Promise.race([closed, late]);
    clearTimeout(timer);
    const abandoned = inTime ? [] : this.#abandon();
    if (inTime) await this.#connection.end();
    else this.#connection.disconnect();
    return {
      finished: this.#finished - finished,
      failed: this.#failed - failed,
      abandoned,
    };
  }

  /** Aborts what runs here, and tells what runs in threads as well. */
  #abandon(): TaskRun[] {
    const reason = new DOMException(
      "The task was abandoned: its worker was closed",
      "AbortError",
    );
    this.#runner.abandon(reason);
    return [...this.#active.values()].map((job) =>
      runOf(job, job.attemptsMade + 1, "abandoned", reason)
    );
  }

  /** A task that has failed for good may be sent again, under the same key. */
  async #jobFailed(job: Job | undefined, error: Error): Promise<void> {
    this.#active.delete(job?.id);
    if (job === undefined || job.finishedOn === undefined) return;
    this.#failed++;
    // What a task threw was reported where it ran.
    if (error?.message?.startsWith("job stalled")) {
      this.#runner.report(error, runOf(job, job.attemptsMade, "failed", error));
    }
    await job.removeDeduplicationKey().catch(() => {});
  }
}

function runOf(
  job: Job<TaskMessage>,
  attempt: number,
  status: TaskRun["status"],
  error: unknown,
): TaskRun {
  return {
    id: job.data.id,
    name: job.name,
    attempt,
    status,
    addedAt: job.data.addedAt,
    startedAt: job.processedOn,
    endedAt: Date.now(),
    error,
  };
}

/** BullMQ asks after each failed attempt: the delays travel with the message. */
function backoffStrategy(
  attempts: number,
  _type?: string,
  error?: Error,
  job?: { readonly data?: TaskMessage },
): number {
  if (error instanceof UnrecoverableError || job?.data === undefined) return -1;
  return retryDelay(job.data.retry, attempts);
}

function checkWorkerOptions(
  options: BullMQConnection & CreateWorkerOptions,
): void {
  checkKeys("worker option", options, KEYS);
  checkConnection(options);
  const { tasks, file, queueName, concurrency, lockDuration, crashRetries } =
    options;
  if ((tasks === undefined) === (file === undefined)) {
    throw new TypeError(
      "Cannot start a worker: write either tasks: [sendEmail] or file: new URL(…, import.meta.url)",
    );
  }
  for (const hook of ["onTaskError", "observers"] as const) {
    if (file === undefined || options[hook] === undefined) continue;
    throw new TypeError(
      `Cannot use ${hook} with file: its tasks run in their threads; write ` +
        `export default taskProcessor([resize], { ${hook} }) in the file`,
    );
  }
  if (tasks !== undefined && !Array.isArray(tasks)) {
    throw new TypeError(
      `Cannot use tasks ${describeValue(tasks)}: write an array`,
    );
  }
  if (queueName !== undefined) checkQueueName(queueName);
  checkInteger("concurrency", concurrency, 1);
  checkInteger("crashRetries", crashRetries, 0);
  if (lockDuration !== undefined) {
    checkMilliseconds("lockDuration", lockDuration, 1_000);
  }
  if (options.closeTimeout !== undefined) {
    checkMilliseconds("closeTimeout", options.closeTimeout, 0);
  }
}

/** A module that cannot be loaded would fail every task, and BullMQ would not say why. */
async function checkFile(file: URL): Promise<void> {
  const { default: processor } = await import(file.href);
  if (typeof processor === "function") return;
  throw new TypeError(
    `Cannot run tasks of ${file}: write export default taskProcessor([resize]) in it`,
  );
}

function checkInteger(
  option: string,
  value: number | undefined,
  min: number,
): void {
  if (value === undefined || (Number.isInteger(value) && value >= min)) return;
  throw new RangeError(
    `Cannot use ${option} ${
      describeValue(value)
    }: it must be an integer of at least ${min}`,
  );
}
