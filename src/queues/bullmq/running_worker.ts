import type { Job, Worker } from "bullmq";
import { checkOptions, milliseconds } from "../../check/rules.ts";
import { isInTime } from "../../task/in_time.ts";
import type { DrainReport } from "../../runner/drain_report.ts";
import type { TaskRun } from "../../task/task_run.ts";
import type { MessageRunner } from "../message_runner.ts";
import type { TaskMessage } from "../task_queue.ts";
import { closeOnSignals, type SignalledWorker } from "./close_on_signals.ts";
import type { WorkerConnection } from "./worker_connection.ts";

/** A worker that runs. */
export interface TaskWorker {
  /** BullMQ's own worker, for whatever this package does not do. */
  readonly client: Worker;
  /**
   * Takes no further task, waits for those in flight, and lets go of the connection. A second call
   * gets the report of the first.
   *
   * @param options `timeout`: the longest wait, in milliseconds; no limit when left out.
   * @returns What became of the tasks; at the timeout every `signal` is aborted, and the engine
   * gives what was abandoned to another worker once it takes this one for dead.
   * @throws {TypeError} If an option is unknown or of the wrong kind.
   * @throws {RangeError} If the timeout is out of range.
   */
  close(options?: { readonly timeout?: number }): Promise<DrainReport>;
}

/** How long a worker without a task waits for the engine to hear that it closes, in milliseconds. */
const PATIENCE = 6_000;

/** How long an engine that is away may keep a worker that has closed, in milliseconds. */
const END_TIME = 1_000;

/** What of BullMQ's worker holds the process; its timers are private. */
interface Holding extends Pick<Worker, "getBackend"> {
  readonly lockManager?: { close(): Promise<void> };
  readonly stalledCheckStopper?: () => void;
}

/** A worker that runs, as `createWorker` makes it. */
export class RunningWorker implements TaskWorker, SignalledWorker {
  readonly client: Worker;
  readonly #connection: WorkerConnection;
  readonly #runner: MessageRunner;
  /** Whether a handler may still run. */
  readonly #isBusy: () => boolean;
  /** What runs, in this thread or in another one, until the engine has heard what became of it. */
  readonly #active = new Set<Job>();
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
    const { processJob } = this.client;
    this.client.processJob = (job, ...more) => { // no event tells of every end of a job
      this.#active.add(job);
      return processJob.call(this.client, job, ...more)
        .finally(() => this.#active.delete(job));
    };
    this.client.on("completed", () => this.#finished++);
    this.client.on("failed", (job, error) => this.#jobFailed(job, error));
  }

  /** Begins to fetch jobs. Call it when all listeners are registered. */
  run(): void {
    this.client.run().catch((error) => this.client.emit("error", error));
  }

  close(options: { readonly timeout?: number } = {}): Promise<DrainReport> {
    checkOptions("close option", options, { timeout: milliseconds(0) });
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
    return [...this.#active].map((job) =>
      runOf(job, job.attemptsMade + 1, "abandoned", reason)
    );
  }

  async #close(timeout: number | undefined): Promise<DrainReport> {
    const [finished, failed] = [this.#finished, this.#failed];
    const closed = this.client.close();
    const inTime = timeout === undefined
      ? await this.#isClosed(closed)
      : await isInTime(closed, timeout);
    const abandoned = inTime ? [] : this.abandon();
    const ended = inTime && await isInTime(this.#connection.end(), END_TIME);
    if (!ended) {
      letGo(this.client as never);
      this.#connection.disconnect();
    }
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

  #jobFailed(job: Job | undefined, error: Error): void {
    if (job?.finishedOn === undefined) return;
    this.#failed++;
    // What a task threw was reported where it ran, unless its worker or its thread died of it.
    const isReported = error.name === "UnrecoverableError" &&
      !error.message.startsWith("job stalled");
    if (isReported) return;
    this.#runner.report(runOf(job, job.attemptsMade, "failed", error));
  }
}

/** BullMQ itself does this when its jobs have ended, and what was abandoned may never end. */
function letGo(worker: Holding): void {
  worker.lockManager?.close();
  worker.stalledCheckStopper?.();
  worker.getBackend().close(true).catch(() => {});
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
