import type { BullMQConnection } from "./connection.ts";
import { openOnPostgres } from "./postgres_worker.ts";
import { openOnRedis } from "./redis_worker.ts";
import type { WorkerConnection, WorkerSetup } from "./worker_connection.ts";

/**
 * Connects a worker of BullMQ, once the engine is there. It does not run yet.
 *
 * @param address Where the engine is.
 * @param setup What runs, and how.
 * @returns The worker, connected.
 * @throws {Error} If the engine refuses; nothing is left of the connection then.
 */
export function openWorker(
  { connection, postgres, prefix }: BullMQConnection,
  setup: WorkerSetup,
): Promise<WorkerConnection> {
  return postgres === undefined
    ? openOnRedis(connection, prefix, setup)
    : openOnPostgres(postgres, setup);
}
