import {
  createPostgresBackend,
  type Processor,
  runMigrations,
  Worker,
  type WorkerOptions,
} from "bullmq";
import { Redis } from "ioredis";
import type {
  BullMQConnection,
  PostgresAddress,
  RedisAddress,
} from "./connection.ts";
import { isOutage, Outage } from "./outage.ts";
import { createPool, type Pool } from "./postgres_pool.ts";
import { isDemoted } from "./redis_failover.ts";
import { isRefusal, whenReady } from "./redis_ready.ts";
import { warnOfLoss } from "./redis_warnings.ts";

/** A worker of BullMQ, and the connection it lives on. */
export interface WorkerConnection {
  readonly worker: Worker;
  /** Closes the connection, after the worker. */
  end(): Promise<void>;
  /** Drops the connection, with tasks in flight. */
  disconnect(): void;
}

type Options = Omit<WorkerOptions, "connection">;

/**
 * Starts a worker of BullMQ, once the engine is there.
 *
 * @param address Where the engine is.
 * @param queueName The name of the queue.
 * @param processor What runs the jobs.
 * @param options BullMQ's options.
 * @returns The worker, connected.
 */
export function openWorker(
  { connection, postgres }: BullMQConnection,
  queueName: string,
  processor: Processor | URL,
  options: Options,
): Promise<WorkerConnection> {
  return postgres === undefined
    ? openOnRedis(connection, queueName, processor, options)
    : openOnPostgres(postgres, queueName, processor, options);
}

async function openOnRedis(
  address: string | RedisAddress,
  queueName: string,
  processor: Processor | URL,
  options: Options,
): Promise<WorkerConnection> {
  const away = new Outage("Redis");
  const redis = await connectToRedis(address, away);
  const worker = new Worker(queueName, processor, {
    ...options,
    connection: redis,
  });
  worker.on("error", (error) => away.met(error));
  worker.on("active", () => away.ends());
  await worker.waitUntilReady();
  await warnOfLoss(redis);
  return {
    worker,
    async end(): Promise<void> {
      await redis.quit().catch(() => {});
    },
    disconnect: () => redis.disconnect(),
  };
}

/** Waits for Redis as long as it is away, and rejects where it will not have this client. */
async function connectToRedis(
  address: string | RedisAddress,
  away: Outage,
): Promise<Redis> {
  const limits = {
    maxRetriesPerRequest: null, // a worker waits for its broker
    reconnectOnError: isDemoted,
    retryStrategy: (times: number) => Math.min(50 * times, 500),
  };
  const redis = typeof address === "string"
    ? new Redis(address, limits)
    : new Redis({ ...address, ...limits });
  redis.on("error", (error) => {
    if (!isRefusal(error)) away.begins(error);
  });
  redis.on("ready", () => away.ends());
  try {
    await whenReady(redis);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  redis.on("error", (error) => away.begins(error)); // a worker that has run waits in any case
  return redis;
}

async function openOnPostgres(
  address: string | PostgresAddress,
  queueName: string,
  processor: Processor | URL,
  options: Options,
): Promise<WorkerConnection> {
  const pool = createPool(address, { connectionTimeoutMillis: 5_000 });
  const away = new Outage("Postgres");
  await migrate(pool, away);
  const worker = new Worker(queueName, processor, {
    ...options,
    connection: pool,
  }, createPostgresBackend) as unknown as Worker;
  worker.on("error", (error) => away.met(error));
  worker.on("active", () => away.ends());
  await worker.waitUntilReady();
  return {
    worker,
    end: () => pool.end(),
    disconnect: () => void pool.end().catch(() => {}),
  };
}

/** Makes BullMQ's tables, as soon as Postgres is there. */
async function migrate(pool: Pool, away: Outage): Promise<void> {
  while (true) {
    try {
      const client = await pool.connect();
      try {
        await runMigrations(client);
      } finally {
        client.release();
      }
      away.ends();
      return;
    } catch (error) {
      if (!isOutage(error as Error)) throw error;
      away.begins(error as Error);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
