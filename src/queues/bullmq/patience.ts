import type { IQueueBackend, Job, Worker } from "bullmq";
import { Closing } from "./closing.ts";
import { Locks, type Relock } from "./locks.ts";
import { isOfJob, isOutage, type Outage } from "./outage.ts";

/** The commands by which a worker ends an attempt: each must arrive, or the task runs twice. */
const ENDINGS = [
  "moveToCompleted",
  "moveToFailed",
  "moveToDelayed",
  "retryJob",
] as const;

/**
 * The longest wait for a job, in seconds. Postgres would wait for an hour; at its end a job is
 * fetched, which tells whether the engine works.
 */
const LONGEST_WAIT = 10;

type Command = (...args: never[]) => Promise<unknown>;

/**
 * Makes a worker of BullMQ patient with an engine that answers errors. BullMQ would ask such an engine
 * again without a pause, and would run its tasks twice.
 *
 * A patient worker pauses before it asks again. It tells the engine what became of a task until the
 * engine has heard it. It takes locks anew that ran out meanwhile, before other workers may take its
 * tasks for abandoned.
 *
 * @param worker The worker, before it runs.
 * @param outage Is told of the trouble.
 * @param relock Takes a lock anew; `undefined` where the engine itself remembers a lock that ran out.
 */
export function makePatient(
  worker: Worker,
  outage: Outage,
  relock: Relock | undefined,
): void {
  new Patience(worker, outage, relock);
}

/** What replaces the commands of a worker's backend. */
class Patience {
  readonly #backend: IQueueBackend;
  readonly #outage: Outage;
  readonly #locks: Locks;
  readonly #closing: Closing;

  constructor(worker: Worker, outage: Outage, relock: Relock | undefined) {
    this.#backend = worker.getBackend() as unknown as IQueueBackend;
    this.#outage = outage;
    this.#locks = new Locks(worker, outage, relock);
    this.#closing = new Closing(worker, () => outage.over());
    this.#insistOnFetching();
    for (const name of ENDINGS) this.#insistOnEnding(name);
  }

  /** Whatever fetching a job takes is tried again until the engine answers, or the worker closes. */
  #insistOnFetching(): void {
    const backend = this.#backend;
    const { moveToActive, updateJobSchedulerNextMillis: write, waitForJob } =
      backend;
    backend.moveToActive = async (...args) => {
      const fetch = (): Promise<unknown[]> => moveToActive.apply(backend, args);
      const fetched = await this.#insist("fetch", fetch);
      this.#outage.endsForAll();
      return fetched;
    };
    backend.waitForJob = (seconds) => {
      const limit = Math.min(seconds, LONGEST_WAIT);
      return this.#insist("wait", () => waitForJob.call(backend, limit));
    };
    // fetching a job of a schedule adds the next one; where that fails, BullMQ would drop the fetched
    // job, which then counts as stalled
    backend.updateJobSchedulerNextMillis = (...args) =>
      this.#insist("fetch", () => write.apply(backend, args));
  }

  async #insist<Value>(
    what: string,
    command: () => Promise<Value>,
  ): Promise<Value> {
    while (true) {
      try {
        const value = await this.#closing.limited(command);
        this.#outage.ends(what);
        return value;
      } catch (error) {
        if (this.#closing.hasBegun) throw error;
        this.#outage.begins(error, what);
        await this.#outage.pause(what);
        if (what === "wait" && isOutage(error)) await this.#reconnect();
      }
    }
  }

  async #reconnect(): Promise<void> {
    if (this.#closing.hasBegun) return;
    await this.#backend.reconnectBlocking().catch(() => {}); // the next try says so
  }

  /** What became of an attempt is told until the engine has heard it, under a lock that is kept. */
  #insistOnEnding(name: (typeof ENDINGS)[number]): void {
    const backend = this.#backend;
    const command = backend[name] as Command;
    const told = async (...args: never[]): Promise<unknown> => {
      const [job, , third, fourth] = args as unknown[];
      const id = typeof job === "string" ? job : (job as { id: string }).id;
      const token = String(name === "retryJob" ? third : fourth);
      const tell = (): Promise<unknown> => command.apply(backend, args);
      const heard = await this.#tell(name, id, token, tell);
      if (name === "moveToFailed") await this.#freeKey(job as Job);
      return heard;
    };
    backend[name] = told as never;
  }

  /** A task that has failed for good may be sent again, under the same key. */
  async #freeKey(job: Job): Promise<void> {
    const free = (): Promise<unknown> => job.removeDeduplicationKey();
    await this.#closing.limited(free).catch(() => {});
  }

  async #tell(
    what: string,
    id: string,
    token: string,
    command: () => Promise<unknown>,
  ): Promise<unknown> {
    const start = performance.now();
    let mayBeHeard = false;
    const heard = { finishedOn: Date.now() }; // an earlier try did it, and its answer was lost
    while (true) {
      try {
        const value = await this.#closing.limited(command);
        this.#outage.ends(what);
        return value;
      } catch (error) {
        if (this.#closing.givesUp(start)) throw error;
        const isGone = this.#locks.mayBeRegained(error);
        if (isOfJob(error) && !isGone) {
          if (!mayBeHeard) throw error;
          return heard;
        }
        if (!isGone) {
          mayBeHeard = true;
          await this.#wait(what, error);
        }
        const lock = await this.#regain(what, id, token);
        // after an outage the client of Redis has sent the command again by itself
        const mayBeEnded = mayBeHeard || this.#locks.hasFailedLately();
        if (lock === "ended" && mayBeEnded) return heard;
        if (lock !== "kept") throw error;
      }
    }
  }

  async #regain(
    what: string,
    id: string,
    token: string,
  ): Promise<"kept" | "taken" | "ended"> {
    try {
      return await this.#locks.regain(id, token);
    } catch (error) {
      await this.#wait(what, error);
      return "kept"; // nobody knows: the next try says so
    }
  }

  async #wait(what: string, error: unknown): Promise<void> {
    this.#outage.begins(error, what);
    await this.#outage.pause(what, this.#locks.duration / 2);
  }
}
