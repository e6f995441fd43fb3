import { createPostgresBackend, Queue } from "bullmq";
import { createPool, type Pool } from "./postgres_pool.ts";
import type { Broker } from "./broker.ts";
import type { PostgresAddress } from "./connection.ts";

/**
 * Postgres as a producer needs it: connecting and asking end in time, and what BullMQ remembers of
 * a failure is thrown away, because its queue never tries again.
 */
export class PostgresBroker implements Broker {
  readonly name = "BullMQ on Postgres";
  readonly problem = undefined;
  readonly #address: string | PostgresAddress;
  readonly #queueName: string;
  readonly #timeout: number;
  #pool: Pool | undefined = undefined;
  #opening: Promise<Queue> | undefined = undefined;
  #queue: Queue | undefined = undefined;

  constructor(
    address: string | PostgresAddress,
    queueName: string,
    timeout: number,
  ) {
    this.#address = address;
    this.#queueName = queueName;
    this.#timeout = timeout;
  }

  open(): Promise<Queue> {
    return this.#opening ??= this.#open();
  }

  refused(error: unknown): boolean {
    const { code, severity, message } = error as Error & {
      readonly code?: string;
      readonly severity?: string;
    };
    // What Postgres itself refuses is rolled back, unless it is going down (class 57).
    if (severity !== undefined) return !code?.startsWith("57");
    return code === "ECONNREFUSED" || code === "ENOTFOUND" ||
      message.includes("when trying to connect") ||
      message.startsWith("Cannot use a pool after calling end");
  }

  discard(queue: Queue): void {
    if (queue === this.#queue) this.#drop();
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    const opening = this.#opening;
    this.#pool = undefined;
    this.#opening = undefined;
    const queue = await opening?.catch(() => undefined);
    await queue?.close();
    await pool?.end();
  }

  #drop(): void {
    const pool = this.#pool;
    this.#pool = undefined;
    this.#opening = undefined;
    this.#queue = undefined;
    pool?.end().catch(() => {});
  }

  async #open(): Promise<Queue> {
    const pool = this.#pool ??= createPool(this.#address, {
      connectionTimeoutMillis: this.#timeout,
      query_timeout: this.#timeout,
    });
    const queue = new Queue(this.#queueName, {
      connection: pool,
      skipMetasUpdate: true,
    }, createPostgresBackend) as unknown as Queue;
    queue.on("error", () => {}); // the pool says so itself
    try {
      await queue.waitUntilReady();
      return this.#queue = queue;
    } catch (error) {
      if (this.#pool === pool) this.#drop();
      throw error;
    }
  }
}
