import type { IQueueBackend, Worker } from "bullmq";
import { isInTime } from "../../task/in_time.ts";

/** How long a worker that closes waits for a connection to do so, in milliseconds. */
const GOODBYE = 1_000;

/** How long a worker that closes waits for the answer to a command, in milliseconds. */
const LAST_WORDS = 3_000;

/** A worker that closes, and does not wait for an engine that is away. */
export class Closing {
  /** Begins to limit each command that is pending. */
  readonly #limits = new Set<() => void>();
  #since = Infinity;

  /**
   * Limits how long a worker closes.
   *
   * @param worker The worker.
   * @param begins Called when it begins to close.
   */
  constructor(worker: Worker, begins: () => void) {
    limitBackend(worker.getBackend() as unknown as IQueueBackend);
    worker.on("closing", () => {
      this.#since = performance.now();
      begins();
      for (const limit of this.#limits) limit();
    });
  }

  /** Whether the worker closes. */
  get hasBegun(): boolean {
    return this.#since < Infinity;
  }

  /** Whether what has been tried since then, or since the worker closes, is given up. */
  givesUp(start: number): boolean {
    return performance.now() - Math.max(start, this.#since) > LAST_WORDS;
  }

  /** Asks the engine; once the worker closes, one that does not answer is not waited for. */
  limited<Value>(command: () => Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const limit = (): void => {
        const text = "the engine did not answer a worker that closes";
        timer = setTimeout(() => reject(new Error(text)), LAST_WORDS);
      };
      this.#limits.add(limit);
      if (this.hasBegun) limit();
      command().then(resolve, reject).finally(() => {
        clearTimeout(timer);
        this.#limits.delete(limit);
      });
    });
  }
}

/** BullMQ closes its parts one after another, and waits for each, however dead it is. */
function limitBackend(backend: IQueueBackend): void {
  const { close, disconnectBlocking } = backend;
  backend.disconnectBlocking = async (wait) => {
    await isInTime(disconnectBlocking.call(backend, wait), GOODBYE);
  };
  backend.close = async (force) => {
    if (await isInTime(close.call(backend, force), GOODBYE)) return;
    disconnectBlocking.call(backend, false).catch(() => {});
  };
}
