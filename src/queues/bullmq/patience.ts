import type { IQueueBackend, Worker } from "bullmq";
import { isInTime } from "../../check/in_time.ts";
import { causeOf } from "./cause.ts";
import { isOfJob, isOutage, type Outage } from "./outage.ts";

/** The commands by which a worker ends an attempt: each must arrive, or the task runs twice. */
const ENDINGS = [
  "moveToCompleted",
  "moveToFailed",
  "moveToDelayed",
  "retryJob",
] as const;

/** What has failed until a job can be fetched again: nobody may try it, where no task runs. */
const UNTIL_FETCHED = ["connection", "locks", "stalled"];

/** How long a worker that closes waits for a connection to do so, in milliseconds. */
const GOODBYE = 1_000;

/** How long a worker that closes tries to tell the engine what became of a task, in milliseconds. */
const LAST_WORDS = 3_000;

/** A lock that is taken anew, where it has run out and nobody else has it. */
export type Relock = (
  jobId: string,
  token: string,
  duration: number,
) => Promise<unknown>;

type Command = (...args: never[]) => Promise<unknown>;

/**
 * Makes a worker of BullMQ patient with an engine that answers errors, which it would ask again
 * without a pause, and whose tasks it would run twice: what became of one is told until the engine
 * has heard it, and locks that ran out meanwhile are taken anew before others may take them for dead.
 *
 * @param worker The worker, before it runs.
 * @param outage Where the trouble is told.
 * @param relock Takes a lock anew; none where the engine knows a lock that has run out.
 */
export function makePatient(
  worker: Worker,
  outage: Outage,
  relock: Relock | undefined,
): void {
  new Patience(worker, outage, relock).begin();
}

class Patience {
  readonly #backend: IQueueBackend;
  readonly #outage: Outage;
  readonly #relock: Relock | undefined;
  readonly #lockDuration: number;
  /** BullMQ's own way to extend locks: the ids of those that are lost. */
  readonly #extend: IQueueBackend["extendLocks"];
  /** Begins to limit each command that is pending: the worker closes. */
  readonly #limits = new Set<() => void>();
  #closingSince = Infinity;

  constructor(worker: Worker, outage: Outage, relock: Relock | undefined) {
    this.#backend = worker.getBackend() as unknown as IQueueBackend;
    this.#extend = this.#backend.extendLocks.bind(this.#backend);
    this.#outage = outage;
    this.#relock = relock;
    this.#lockDuration = worker.opts.lockDuration ?? 30_000;
    worker.on("closing", () => {
      this.#closingSince = performance.now();
      outage.over();
      for (const limit of this.#limits) limit();
    });
  }

  /** Replaces the commands of the backend, which belongs to this worker alone. */
  begin(): void {
    this.#fetching();
    for (const name of ENDINGS) this.#ending(name);
    this.#renewing();
    this.#takingOver();
    this.#closing();
  }

  /** Fetching a job is tried again until the engine answers, or the worker closes. */
  #fetching(): void {
    const backend = this.#backend;
    const { moveToActive, waitForJob } = backend;
    backend.moveToActive = async (...args) => {
      const fetch = (): Promise<unknown[]> => moveToActive.apply(backend, args);
      const fetched = await this.#insist("fetch", fetch);
      for (const what of UNTIL_FETCHED) this.#outage.ends(what);
      return fetched;
    };
    backend.waitForJob = (...args) =>
      this.#insist("wait", () => waitForJob.apply(backend, args));
  }

  async #insist<Value>(
    what: string,
    command: () => Promise<Value>,
  ): Promise<Value> {
    while (true) {
      try {
        const value = await this.#limited(command);
        this.#outage.ends(what);
        return value;
      } catch (error) {
        if (this.#closingSince < Infinity) throw error;
        this.#outage.begins(error, what);
        await this.#outage.pause(what);
        if (what === "wait" && isOutage(error)) await this.#reconnect();
      }
    }
  }

  async #reconnect(): Promise<void> {
    if (this.#closingSince < Infinity) return;
    await this.#backend.reconnectBlocking().catch(() => {}); // the next try says so
  }

  /** What became of an attempt is told until the engine has heard it, under a lock that is kept. */
  #ending(name: (typeof ENDINGS)[number]): void {
    const backend = this.#backend;
    const command = backend[name] as Command;
    const told = (...args: never[]): Promise<unknown> => {
      const [job, , third, fourth] = args as unknown[];
      const id = typeof job === "string" ? job : (job as { id: string }).id;
      const token = String(name === "retryJob" ? third : fourth);
      return this.#tell(name, id, token, () => command.apply(backend, args));
    };
    backend[name] = told as never;
  }

  async #tell(
    what: string,
    id: string,
    token: string,
    command: () => Promise<unknown>,
  ): Promise<unknown> {
    const start = performance.now();
    for (let tries = 1;; tries++) {
      try {
        const value = await this.#limited(command);
        this.#outage.ends(what);
        return value;
      } catch (error) {
        if (this.#hasGivenUp(start)) throw error;
        const isGone = this.#lockRanOut(error);
        if (isOfJob(error) && !isGone) {
          if (tries === 1) throw error;
          return { finishedOn: Date.now() }; // an earlier try was heard, though its answer was not
        }
        if (!isGone) await this.#wait(what, error);
        if (!await this.#regain(what, id, token)) throw error;
      }
    }
  }

  async #wait(what: string, error: unknown): Promise<void> {
    this.#outage.begins(error, what);
    await this.#outage.pause(what, this.#lockDuration / 2);
  }

  #lockRanOut(error: unknown): boolean {
    return this.#relock !== undefined && this.#hasFailedLately() &&
      causeOf(error).message.startsWith("Missing lock");
  }

  /** Locks may have run out, and whoever holds one may not have had the time to take it anew. */
  #hasFailedLately(): boolean {
    return this.#outage.lastedWithin(2 * this.#lockDuration);
  }

  /** Keeps the lock of a task that is over; not where another worker has taken it. */
  async #regain(what: string, id: string, token: string): Promise<boolean> {
    try {
      await this.#relock?.(id, token, this.#lockDuration);
      const lost = await this.#extend([id], [token], this.#lockDuration);
      return lost.length === 0 || this.#relock === undefined;
    } catch (error) {
      await this.#wait(what, error);
      return true;
    }
  }

  #hasGivenUp(start: number): boolean {
    const since = Math.max(start, this.#closingSince);
    return performance.now() - since > LAST_WORDS;
  }

  /** Asks the engine; once the worker closes, one that does not answer is not waited for. */
  #limited<Value>(command: () => Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const limit = (): void => {
        const error = new Error(
          "the engine did not answer a worker that closes",
        );
        timer = setTimeout(() => reject(error), LAST_WORDS);
      };
      this.#limits.add(limit);
      if (this.#closingSince < Infinity) limit();
      command().then(resolve, reject).finally(() => {
        clearTimeout(timer);
        this.#limits.delete(limit);
      });
    });
  }

  /** BullMQ closes its parts one after another, and waits for each, however dead it is. */
  #closing(): void {
    const backend = this.#backend;
    const { close, disconnectBlocking } = backend;
    backend.disconnectBlocking = async (wait) => {
      await isInTime(disconnectBlocking.call(backend, wait), GOODBYE);
    };
    backend.close = async (force) => {
      if (await isInTime(close.call(backend, force), GOODBYE)) return;
      disconnectBlocking.call(backend, false).catch(() => {});
    };
  }

  /** Locks that may have run out in an outage are taken anew. Never rejects. */
  #renewing(): void {
    this.#backend.extendLocks = async (ids, tokens, duration) => {
      try {
        if (this.#relock !== undefined && this.#hasFailedLately()) {
          await Promise.all(
            ids.map((id, at) => this.#relock!(id, tokens[at]!, duration)),
          );
        }
        const lost = await this.#extend(ids, tokens, duration);
        this.#outage.ends("locks");
        return lost;
      } catch (error) {
        this.#outage.begins(error, "locks");
        return [];
      }
    };
  }

  /** The tasks of others are left to them until they have had the time to take their locks anew. */
  #takingOver(): void {
    const backend = this.#backend;
    const { moveStalledJobsToWait } = backend;
    backend.moveStalledJobsToWait = async () => {
      if (this.#hasFailedLately()) return [];
      try {
        return await moveStalledJobsToWait.call(backend);
      } catch (error) {
        this.#outage.begins(error, "stalled");
        return [];
      }
    };
  }
}
