import { Worker } from "bullmq";
import type { WorkerConnection, WorkerSetup } from "./worker_connection.ts";
import { Outage } from "./outage.ts";
import type { Relock } from "./locks.ts";
import { makePatient } from "./patience.ts";
import {
  connectToRedis,
  type RedisAddress,
  type RedisClient,
} from "./redis_address.ts";
import { isDemoted } from "./redis_failover.ts";
import { isRefusal, whenReady } from "./redis_ready.ts";
import { warnOfLoss } from "./redis_warnings.ts";

/**
 * Connects a worker to Redis, once it is there. The worker does not run yet.
 *
 * @param address Where Redis is.
 * @param prefix What all keys begin with.
 * @param setup What runs, and how.
 * @returns The worker, connected.
 * @throws {Error} If the engine refuses; nothing is left of the connection then.
 */
export async function openOnRedis(
  address: string | URL | RedisAddress | RedisClient,
  prefix: string | undefined,
  { queueName, processor, options }: WorkerSetup,
): Promise<WorkerConnection> {
  const away = new Outage("Redis");
  const redis = await connect(address, away);
  let worker: Worker | undefined;
  try {
    // a user without INFO: BullMQ would ask for nothing but the version
    const skipVersionCheck = await isForbidden(redis.info("server"));
    worker = new Worker(queueName, processor, {
      ...options,
      autorun: false,
      connection: redis,
      skipVersionCheck,
      ...(prefix !== undefined && { prefix }),
    });
    worker.on("error", (error) => away.met(error));
    makePatient(worker, away, relockOn(redis, worker));
    await worker.waitUntilReady();
    await warnOfLoss(redis);
  } catch (error) {
    worker?.on("error", () => {});
    await worker?.close(true).catch(() => {});
    redis.disconnect();
    throw error;
  }
  return {
    worker,
    end: () => redis.quit().catch(() => {}),
    disconnect: () => redis.disconnect(),
  };
}

/** Waits for Redis as long as it is away, and rejects where it will not have this client. */
async function connect(
  address: string | URL | RedisAddress | RedisClient,
  away: Outage,
): Promise<RedisClient> {
  const redis = connectToRedis(address, {
    maxRetriesPerRequest: null, // a worker waits for its broker
    reconnectOnError: isDemoted,
  });
  redis.on("error", (error: Error) => {
    if (!isRefusal(error)) away.begins(error);
  });
  redis.on("ready", () => away.ends());
  try {
    await whenReady(redis);
  } catch (error) {
    away.over();
    redis.disconnect();
    throw error;
  }
  // a worker that has run waits in any case
  redis.on("error", (error: Error) => away.begins(error));
  return redis;
}

async function isForbidden(command: Promise<unknown>): Promise<boolean> {
  try {
    await command;
    return false;
  } catch (error) {
    if ((error as Error).message.startsWith("NOPERM")) return true;
    throw error;
  }
}

/**
 * Redis drops a lock that has run out. `NX` lets only the first worker take it anew; of a job that is
 * not active any more, because another worker has ended it, nobody takes it.
 */
function relockOn(redis: RedisClient, worker: Worker): Relock {
  return async (jobId, token, duration) => {
    const where = redis.lpos(worker.toKey("active"), jobId);
    const isActive = await where.catch(() => 0) !== null; // Redis before 6.0.6 cannot tell
    const key = worker.toKey(`${jobId}:lock`);
    if (isActive) await redis.set(key, token, "PX", duration, "NX");
    return isActive;
  };
}
