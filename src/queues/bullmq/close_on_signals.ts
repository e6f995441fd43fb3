import process from "node:process";
import { quote } from "../../check/check.ts";
import type { DrainReport } from "../../runner/drain_report.ts";
import { endProcess, OWN, SAME_REQUEST } from "../../shutdown/end_process.ts";
import { exitWhenWritten } from "../../shutdown/exit.ts";
import {
  becomesBusy,
  becomesIdle,
  type Drainable,
  processWork,
} from "../../runner/process_work.ts";
import type { TaskRun } from "../../task/task_run.ts";

/** A worker, as the signals see it. */
export interface SignalledWorker {
  /** Closes the worker, as a user would; called again, it tells of the same close. */
  close(options: { readonly timeout: number }): Promise<DrainReport>;
  /** Gives up what runs, and tells what that was. */
  abandon(): TaskRun[];
}

const SIGNALS = { SIGTERM: 15, SIGINT: 2 };

/** The workers that run, with how long each may take to close. */
const workers = new Map<SignalledWorker, number>();
let begunAt: number | undefined = undefined;
let isOurs = false;

const listeners = Object.entries(SIGNALS).map(([signal, number]) =>
  [signal, Object.assign(() => receive(number), { [OWN]: true })] as const
);

/**
 * Closes a worker on SIGTERM and SIGINT, and ends the process: once, however many workers there
 * are, and after its background tasks. Where `drainOnShutdown` listens too, the end is its own.
 *
 * @param worker The worker.
 * @param timeout Milliseconds it may take to close.
 * @returns A function to be called when it has closed: then it no longer listens.
 */
export function closeOnSignals(
  worker: SignalledWorker,
  timeout: number,
): () => void {
  const isEnding = begunAt !== undefined || processWork.isEnding;
  if (workers.size === 0 && !isEnding) {
    for (const [signal, listener] of listeners) process.on(signal, listener);
  }
  workers.set(worker, timeout);
  if (isEnding) new ClosingWorker(worker, timeout);
  return () => {
    workers.delete(worker);
    if (workers.size > 0 || begunAt !== undefined) return;
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}

function receive(number: number): void {
  if (begunAt !== undefined) {
    if (isOurs && performance.now() - begunAt >= SAME_REQUEST) {
      process.exit(128 + number);
    }
    return;
  }
  begunAt = performance.now();
  const timeout = Math.max(...workers.values());
  for (const [worker, timeout] of workers) new ClosingWorker(worker, timeout);
  // `drainOnShutdown` may be called next: a signal is told to one listener after another
  setTimeout(() => {
    if (processWork.isEnding) return;
    isOurs = true;
    // `endProcess` leaves the process to end by itself where it has no server to stop. So it gets one.
    const stops = [() => Promise.resolve()];
    const exit = (isCut: boolean): void => void exitWhenWritten(process, isCut);
    void endProcess(stops, timeout, exit, "nobody");
  }, 0);
}

/** A worker that closes, in the shape that `endProcess` drains or abandons. */
class ClosingWorker implements Drainable {
  isBusy = true;
  readonly succeeded = 0;
  readonly failed = 0;
  readonly #worker: SignalledWorker;
  readonly #closed: Promise<void>;

  constructor(worker: SignalledWorker, timeout: number) {
    this.#worker = worker;
    this.#closed = this.#close(timeout);
    becomesBusy(this);
  }

  whenIdle(): Promise<void> {
    return this.#closed;
  }

  abandon(): TaskRun[] {
    this.#end();
    return this.#worker.abandon();
  }

  drained(): undefined {}

  async #close(timeout: number): Promise<void> {
    try {
      const { abandoned } = await this.#worker.close({ timeout });
      for (const { name, id } of abandoned) {
        console.error(`Durable task ${quote(name)} ${id} was abandoned`);
        process.exitCode = 1;
      }
    } catch (error) {
      console.error("Cannot close the worker:", error);
      process.exitCode = 1;
    }
    this.#end();
  }

  #end(): void {
    this.isBusy = false;
    becomesIdle(this);
  }
}
