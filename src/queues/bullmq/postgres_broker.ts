import { type PgPool, Queue } from "bullmq";
import { isInTime } from "../../task/in_time.ts";
import { causeOf } from "./cause.ts";
import type { Broker } from "./broker.ts";
import {
  type PoolOptions,
  poolOptionsOf,
  type PostgresAddress,
} from "./postgres_address.ts";
import { backendIn, createPool, type Pool } from "./postgres_pool.ts";

/**
 * A query is given up after this many milliseconds. A hand-over
 * has a clock of its own, which does not count what this process was busy with.
 */
const FORGOTTEN = 60_000;

/** How many hand-overs Postgres commits at once; what comes meanwhile goes together. */
const PLACES = 10;

/**
 * Postgres as a producer needs it: connecting and asking end in time, and what BullMQ remembers of
 * a failure is thrown away, because its queue never tries again.
 */
export class PostgresBroker implements Broker {
  readonly name = "BullMQ on Postgres";
  readonly isAtomic = true;
  readonly problem = undefined;
  readonly places: number;
  readonly #options: PoolOptions;
  readonly #queueName: string;
  readonly #timeout: number;
  #pool: Pool | undefined = undefined;
  #opening: Promise<Queue> | undefined = undefined;
  #queue: Queue | undefined = undefined;

  constructor(
    address: string | URL | PostgresAddress | PgPool,
    queueName: string,
    timeout: number,
  ) {
    this.#options = poolOptionsOf(address);
    this.#queueName = queueName;
    this.#timeout = timeout;
    this.places = Math.min(PLACES, this.#options.config.max ?? PLACES);
  }

  open(): Promise<Queue> {
    return this.#opening ??= this.#open();
  }

  answered(error: unknown): boolean {
    return (error as { severity?: string }).severity !== undefined;
  }

  refused(error: unknown): boolean {
    const { code, message } = causeOf(error);
    // What Postgres itself refuses is rolled back, unless it is going down (class 57), or a pooler
    // has lost it (class 08).
    if (this.answered(error)) return !/^(?:08|57P)/.test(String(code));
    return code === "ECONNREFUSED" || code === "ENOTFOUND" ||
      message.includes("when trying to connect") ||
      message.startsWith("Cannot use a pool after calling end");
  }

  discard(queue: Queue): void {
    if (queue === this.#queue) this.#drop();
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    const pool = this.#forget();
    const end = async (): Promise<void> => {
      await (await opening?.catch(() => undefined))?.close();
      await pool?.end();
    };
    await isInTime(end().catch(() => {}), this.#timeout);
  }

  #drop(): void {
    this.#forget()?.end().catch(() => {});
  }

  #forget(): Pool | undefined {
    const pool = this.#pool;
    this.#pool = this.#opening = this.#queue = undefined;
    return pool;
  }

  async #open(): Promise<Queue> {
    const pool = this.#pool ??= createPool(this.#options, {
      connectionTimeoutMillis: this.#timeout,
      query_timeout: FORGOTTEN,
    });
    const queue = new Queue(this.#queueName, {
      connection: pool,
      skipMetasUpdate: true,
    }, backendIn(this.#options.schema)) as unknown as Queue;
    queue.on("error", () => {}); // the pool says so itself
    try {
      if (!await isInTime(queue.waitUntilReady(), this.#timeout)) {
        throw new Error(`no answer within ${this.#timeout} ms`);
      }
      // further connections are part of a hand-over, which has its own clock
      pool.options.connectionTimeoutMillis = FORGOTTEN;
      return this.#queue = queue;
    } catch (error) {
      if (this.#pool === pool) this.#drop();
      throw error;
    }
  }
}
