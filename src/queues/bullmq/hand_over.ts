import type { Queue } from "bullmq";
import { messageOf } from "../../check/thrown.ts";
import { isInTime } from "../../task/in_time.ts";
import { sizeOf } from "../messages.ts";
import { BusyTime } from "./busy_time.ts";
import type { Broker } from "./broker.ts";
import type { BullMQJob } from "./job.ts";
import { isDemoted } from "./redis_failover.ts";

/** The error of a hand-over that the engine did not acknowledge in time. */
export class Late extends Error {}

/**
 * The error of a hand-over that the engine was never given, because it stands still, or BullMQ
 * refused the jobs by itself.
 */
export class NotAsked extends Error {}

/**
 * What an engine takes at least, in bytes a millisecond: Postgres took 5 MB a second on a busy
 * machine, and less on a busier one.
 */
const BYTES_PER_MILLISECOND = 2_000;

/** How long a process listens for what has come meanwhile, in milliseconds. */
const TURN = 5;

/** Hand-overs of several requests go together up to so many jobs, and so many bytes. */
const MOST_JOBS = 500;
const MOST_BYTES = 1_000_000;

/** The jobs of one request, which wait for the engine. */
interface Parcel {
  readonly queue: Queue;
  readonly jobs: readonly BullMQJob[];
  readonly bytes: number;
  /** Milliseconds the engine may take. */
  readonly timeout: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gives the engine what requests hand over, a few at once. What waits in this process is not the
 * engine's time: the clock of a hand-over starts when the engine has it, and stands still while this
 * process is too busy to hear an answer. Where the engine may keep all or nothing, what waits goes
 * together.
 */
export class HandOver {
  readonly #broker: Broker;
  readonly #busy = new BusyTime();
  readonly #waiting: Parcel[] = [];
  #given = 0;
  #answers = 0;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /**
   * Hands the jobs of one request over.
   *
   * @param queue BullMQ's queue, on a connection that is up.
   * @param jobs The jobs.
   * @param timeout Milliseconds the engine may take; large messages get more.
   * @throws {Late} If it did not answer in time, {@linkcode NotAsked} if it was never asked, and what
   * it answered otherwise.
   */
  give(
    queue: Queue,
    jobs: readonly BullMQJob[],
    timeout: number,
  ): Promise<void> {
    const bytes = jobs.reduce((sum, { data }) => sum + sizeOf(data), 0);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ queue, jobs, bytes, timeout, resolve, reject });
      this.#next();
    });
  }

  #next(): void {
    while (this.#given < this.#broker.places && this.#waiting.length > 0) {
      this.#given++;
      void this.#send(this.#take()).finally(() => {
        this.#given--;
        this.#next();
      });
    }
  }

  /** The parcels that go together: one, where the engine may keep a part of them. */
  #take(): Parcel[] {
    const parcels: Parcel[] = [];
    let jobs = 0;
    let bytes = 0;
    for (const parcel of this.#waiting) {
      jobs += parcel.jobs.length;
      bytes += parcel.bytes;
      const goesAlong = this.#broker.isAtomic && jobs <= MOST_JOBS &&
        bytes <= MOST_BYTES && parcel.queue === parcels[0]?.queue;
      if (parcels.length > 0 && !goesAlong) break;
      parcels.push(parcel);
    }
    this.#waiting.splice(0, parcels.length);
    return parcels;
  }

  async #send(parcels: readonly Parcel[]): Promise<void> {
    const { queue } = parcels[0]!;
    const jobs = parcels.flatMap(({ jobs }) => jobs);
    const answers = this.#answers;
    try {
      await this.#ask(queue, jobs, parcels);
      this.#answers++;
      for (const { resolve } of parcels) resolve();
    } catch (error) {
      if (this.#broker.answered(error)) this.#answers++;
      // BullMQ looks at all jobs before it asks the engine: it refuses without one as well
      const alone: Queue = Object.create(queue, { backend: { value: {} } });
      const reason = messageOf(error);
      const isOwn = await alone.addBulk(jobs).catch(messageOf) === reason;
      if (parcels.length > 1 && (isOwn || this.#broker.refused(error, 2))) {
        for (const parcel of parcels) await this.#send([parcel]); // which of them is it?
        return;
      }
      // No hand-over was answered meanwhile: the connection may have died in silence.
      if (!isOwn && answers === this.#answers) this.#giveUp(queue);
      else if (isDemoted(error as Error)) this.#broker.discard(queue);
      for (const { reject } of parcels) {
        reject(isOwn ? new NotAsked(reason) : error);
      }
    }
  }

  async #ask(
    queue: Queue,
    jobs: BullMQJob[],
    parcels: readonly Parcel[],
  ): Promise<void> {
    const bytes = parcels.reduce((sum, parcel) => sum + parcel.bytes, 0);
    const timeout = Math.max(...parcels.map((parcel) => parcel.timeout)) +
      bytes / BYTES_PER_MILLISECOND;
    const limit = Math.round(timeout);
    if (await this.#isHeard(queue.addBulk(jobs), limit)) return;
    throw new Late(`no answer within ${limit} ms`);
  }

  /** Whether the answer came in time, not counting that in which this process was busy. */
  async #isHeard(
    answer: Promise<unknown>,
    milliseconds: number,
  ): Promise<boolean> {
    const mark = this.#busy.begin();
    try {
      let counted = 0;
      for (let left = milliseconds; left >= 1;) {
        if (await isInTime(answer, left)) return true;
        left = this.#busy.since(mark) - counted;
        counted += left;
      }
      // a turn of the event loop, in which whatever has come by now is read
      return await isInTime(answer, TURN);
    } finally {
      this.#busy.end();
    }
  }

  #giveUp(queue: Queue): void {
    this.#broker.discard(queue);
    for (const parcel of this.#waiting.splice(0)) {
      if (parcel.queue !== queue) this.#waiting.push(parcel);
      else parcel.reject(new NotAsked("another request got no answer"));
    }
  }
}
