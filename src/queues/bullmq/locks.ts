import type { IQueueBackend, Worker } from "bullmq";
import { causeOf } from "./cause.ts";
import type { Outage } from "./outage.ts";

/**
 * Takes a lock anew that has run out, unless another worker has taken it; tells whether the job is
 * still active.
 */
export type Relock = (
  jobId: string,
  token: string,
  duration: number,
) => Promise<boolean>;

/** A private part of BullMQ's worker: it knows which jobs run, and extends their locks. */
interface LockManager {
  getTrackedJobIds(): string[];
  extendLocks(jobIds: string[]): Promise<void>;
}

/**
 * The locks of the tasks a worker runs. Locks that ran out, in an outage or while the process was
 * busy, are taken anew, unless another worker has taken them.
 */
export class Locks {
  /** How long a lock holds, in milliseconds. */
  readonly duration: number;
  readonly #backend: IQueueBackend;
  readonly #outage: Outage;
  readonly #relock: Relock | undefined;
  /** BullMQ's own way to extend locks: the ids of those that are lost. */
  readonly #extend: IQueueBackend["extendLocks"];

  /**
   * Keeps the locks of a worker.
   *
   * @param worker The worker.
   * @param outage Is told of the trouble.
   * @param relock Takes a lock anew; `undefined` where the engine itself remembers a lock that ran out.
   */
  constructor(worker: Worker, outage: Outage, relock: Relock | undefined) {
    this.#backend = worker.getBackend() as unknown as IQueueBackend;
    this.#extend = this.#backend.extendLocks.bind(this.#backend);
    this.#outage = outage;
    this.#relock = relock;
    this.duration = worker.opts.lockDuration ?? 30_000;
    this.#renew();
    this.#leaveToOthers(worker as never);
  }

  /** Whether an error says that a lock is gone, and not that another worker has it. */
  mayBeRegained(error: unknown): boolean {
    return this.#relock !== undefined &&
      causeOf(error).message.startsWith("Missing lock");
  }

  /**
   * Keeps the lock of a task that is over.
   *
   * @returns Whether it is kept, another worker has taken it, or the engine has the task ended.
   * @throws {Error} If the engine does not answer, or refuses.
   */
  async regain(id: string, token: string): Promise<"kept" | "taken" | "ended"> {
    const isActive = await this.#relock?.(id, token, this.duration);
    if (isActive === false) return "ended";
    const lost = await this.#extend([id], [token], this.duration);
    return lost.length === 0 || isActive === undefined ? "kept" : "taken";
  }

  /** Whether an outage was so short ago that other workers may not have taken their locks anew yet. */
  hasFailedLately(): boolean {
    return this.#outage.lastedWithin(2 * this.duration);
  }

  /** Never rejects: a lock that cannot be extended now may be regained. */
  #renew(): void {
    this.#backend.extendLocks = async (ids, tokens, duration) => {
      try {
        await Promise.all(
          ids.map((id, at) => this.#relock?.(id, tokens[at]!, duration)),
        );
        const lost = await this.#extend(ids, tokens, duration);
        this.#outage.endsForAll();
        return lost;
      } catch (error) {
        this.#outage.begins(error, "locks");
        return [];
      }
    };
  }

  #leaveToOthers(worker: { readonly lockManager?: LockManager }): void {
    const backend = this.#backend;
    const { moveStalledJobsToWait } = backend;
    backend.moveStalledJobsToWait = async () => {
      if (this.hasFailedLately()) return [];
      try {
        // its own first: this worker may have stood still for longer than its locks hold
        const own = worker.lockManager?.getTrackedJobIds() ?? [];
        if (own.length > 0) await worker.lockManager?.extendLocks(own);
        return await moveStalledJobsToWait.call(backend);
      } catch (error) {
        this.#outage.begins(error, "stalled");
        return [];
      }
    };
  }
}
