import pg from "pg";
import type { PgPool } from "bullmq";
import type { PostgresAddress } from "./connection.ts";

/** A pool of connections, as BullMQ takes it. */
export type Pool = PgPool;

/** How long a pool waits; without limits of its own it waits for ever. */
interface PoolLimits {
  readonly connectionTimeoutMillis: number;
  readonly query_timeout?: number;
}

/**
 * Makes a pool whose connections find BullMQ's tables. Nothing is connected before it is used.
 *
 * @param address Where Postgres is.
 * @param limits How long to wait.
 * @returns The pool.
 */
export function createPool(
  address: string | PostgresAddress,
  limits: PoolLimits,
): Pool {
  const pool: Pool = new pg.Pool({
    ...(typeof address === "string" ? { connectionString: address } : address),
    ...limits,
    keepAlive: true,
    options: "-c search_path=bullmq,public",
  });
  pool.on("error", () => {}); // an idle connection that broke: the pool has dropped it
  return pool;
}
