import {
  type Job,
  UnrecoverableError,
  type Worker,
  type WorkerOptions,
} from "bullmq";
import { checkKeys } from "../../check/check.ts";
import { checkMilliseconds } from "../../check/check_number.ts";
import type { DrainReport } from "../../runner/drain.ts";
import { isInTime } from "../../check/in_time.ts";
import { retryDelay } from "../../task/retry.ts";
import type { TaskRun } from "../../task/task_state.ts";
import { MessageRunner } from "../message_runner.ts";
import type { TaskMessage } from "../task_queue.ts";
import { closeOnSignals, type SignalledWorker } from "./close_on_signals.ts";
import { type BullMQConnection, DEFAULT_QUEUE_NAME } from "./connection.ts";
import { openWorker, type WorkerConnection } from "./open_worker.ts";
import { processorOf, type TaskProcessor } from "./processor.ts";
import {
  checkFile,
  checkWorkerOptions,
  type CreateWorkerOptions,
} from "./worker_options.ts";

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

/**
 * Runs durable tasks: the whole of a worker's process.
 *
 * Waits for an engine that is not up yet, makes BullMQ's tables in Postgres where they are missing,
 * and warns about a Redis that would lose tasks. Where the engine answers errors it says so once, asks
 * again after about a second, then less often, and says once that it is over. Tasks run at least once: one whose worker died
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
 * @throws {Error} If the engine refuses the user, the password or the database, or its tables are
 * missing and the role may not make them. Nothing runs then, and no connection is left.
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
  const running = new Set<Promise<unknown>>();
  const connection = await openWorker(options, {
    queueName: options.queueName ?? DEFAULT_QUEUE_NAME,
    processor: file ?? counted(processorOf(runner), running),
    options: bullmqOptions(options),
    migrate: options.migrate ?? true,
  });
  const isBusy = (): boolean => file !== undefined || running.size > 0;
  const worker = new RunningWorker(connection, runner, isBusy);
  worker.run();
  if (closeOnSignals) worker.closeOnSignals(closeTimeout);
  return worker;
}

/** Notes which attempts run. */
function counted(
  process: TaskProcessor,
  running: Set<Promise<unknown>>,
): TaskProcessor {
  return function processTask(job, token): Promise<unknown> {
    const run = process(job, token).finally(() => running.delete(run));
    running.add(run);
    return run;
  };
}

function bullmqOptions(
  options: CreateWorkerOptions,
): Omit<WorkerOptions, "connection"> {
  const { concurrency = 10, crashRetries = 3, limiter, lockDuration = 30_000 } =
    options;
  return {
    concurrency,
    lockDuration,
    stalledInterval: Math.min(lockDuration, 5_000),
    maxStalledCount: crashRetries,
    runRetryDelay: 1_000, // after an outage; BullMQ would wait 15 seconds
    useWorkerThreads: true,
    settings: { backoffStrategy },
    ...(limiter !== undefined && { limiter }),
  };
}

/** How long a worker without a task tells an engine that it closes, in milliseconds. */
const PATIENCE = 6_000;

/** How long an engine that is away may keep a worker that has closed, in milliseconds. */
const END_TIME = 1_000;

class RunningWorker implements TaskWorker, SignalledWorker {
  readonly client: Worker;
  readonly #connection: WorkerConnection;
  readonly #runner: MessageRunner;
  /** Whether a handler may still run. */
  readonly #isBusy: () => boolean;
  /** What runs, in this thread or in another one. */
  readonly #active = new Map<string | undefined, Job>();
  #finished = 0;
  #failed = 0;
  #closing: Promise<DrainReport> | undefined = undefined;
  #forget = (): void => {};

  constructor(
    connection: WorkerConnection,
    runner: MessageRunner,
    isBusy: () => boolean,
  ) {
    this.client = connection.worker;
    this.#isBusy = isBusy;
    this.#connection = connection;
    this.#runner = runner;
    this.client.on("active", (job) => {
      this.#forgetDelayed();
      this.#active.set(job.id, job);
    });
    this.client.on("completed", ({ id }) => {
      this.#active.delete(id);
      this.#finished++;
    });
    this.client.on("failed", (job, error) => void this.#jobFailed(job, error));
  }

  /** Begins to fetch jobs, once everybody listens who has to. */
  run(): void {
    this.client.run().catch((error) => this.client.emit("error", error));
  }

  close(options: { readonly timeout?: number } = {}): Promise<DrainReport> {
    checkKeys("close option", options, ["timeout"]);
    if (options.timeout !== undefined) {
      checkMilliseconds("timeout", options.timeout, 0);
    }
    return this.#closing ??= this.#close(options.timeout);
  }

  closeOnSignals(timeout: number): void {
    this.#forget = closeOnSignals(this, timeout);
  }

  /** Aborts what runs here, and tells what runs in threads as well. */
  abandon(): TaskRun[] {
    const reason = new DOMException(
      "The task was abandoned: its worker was closed",
      "AbortError",
    );
    this.#runner.abandon(reason);
    this.#forgetDelayed();
    return [...this.#active.values()].map((job) =>
      runOf(job, job.attemptsMade + 1, "abandoned", reason)
    );
  }

  /** BullMQ has no event for a job that was put off because nobody here knows its task. */
  #forgetDelayed(): void {
    for (const [id, { delay }] of this.#active) {
      if (delay > 0) this.#active.delete(id);
    }
  }

  async #close(timeout: number | undefined): Promise<DrainReport> {
    const [finished, failed] = [this.#finished, this.#failed];
    const closed = this.client.close();
    const inTime = timeout === undefined
      ? await this.#isClosed(closed)
      : await isInTime(closed, timeout);
    const abandoned = inTime ? [] : this.abandon();
    const ended = inTime && await isInTime(this.#connection.end(), END_TIME);
    if (!ended) this.#connection.disconnect();
    this.#forget();
    return {
      finished: this.#finished - finished,
      failed: this.#failed - failed,
      abandoned,
    };
  }

  /** Waits for every task in flight, but not for an engine that does not answer after them. */
  async #isClosed(closed: Promise<void>): Promise<boolean> {
    while (true) {
      const isIdle = !this.#isBusy();
      if (await isInTime(closed, PATIENCE)) return true;
      if (isIdle) return false;
    }
  }

  /** A task that has failed for good may be sent again, under the same key. */
  async #jobFailed(job: Job | undefined, error: Error): Promise<void> {
    this.#active.delete(job?.id);
    if (job === undefined || job.finishedOn === undefined) return;
    this.#failed++;
    // What a task threw was reported where it ran.
    if (error?.message?.startsWith("job stalled")) {
      this.#runner.report(runOf(job, job.attemptsMade, "failed", error));
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
