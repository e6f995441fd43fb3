import pg from "pg";
import {
  type BackendFactory,
  type PgPool,
  type PgPoolClient,
  PostgresConnection,
  PostgresQueueBackend,
} from "bullmq";
import type { PoolOptions } from "./postgres_address.ts";

/** A pool of connections, as BullMQ takes it. */
export type Pool = PgPool & {
  /** What it asks for each connection it makes. */
  readonly options: { connectionTimeoutMillis: number };
};

/** How long a pool waits; without limits of its own it waits for ever. */
interface PoolLimits {
  readonly connectionTimeoutMillis: number;
  readonly max?: number;
  readonly query_timeout?: number;
}

/**
 * Makes a pool whose connections find BullMQ's tables. Nothing is connected before it is used.
 *
 * @param options Where Postgres is.
 * @param limits How long to wait.
 * @returns The pool.
 */
export function createPool({ config }: PoolOptions, limits: PoolLimits): Pool {
  const pool: Pool = new pg.Pool({ ...config, ...limits, keepAlive: true });
  pool.on("error", () => {}); // an idle connection that broke: the pool has dropped it
  pool.on("connect", keepListening);
  return pool;
}

/**
 * BullMQ takes all listeners from the connection it listens on before it lets go of it. One that
 * breaks just then, because Postgres ends too, would end this process.
 */
function keepListening(client: PgPoolClient): void {
  const removeAll = client.removeAllListeners;
  client.removeAllListeners = (event) => {
    removeAll.call(client, event);
    return client.on("error", () => {});
  };
}

/**
 * BullMQ's backend on a pool, in whichever schema: BullMQ itself takes one of a pool for its default.
 *
 * @param schema The schema.
 * @returns What makes the backend of a queue or a worker.
 */
export function backendIn(
  schema: string,
): BackendFactory<PostgresQueueBackend, PgPool> {
  return (name, options, { withBlockingConnection = false } = {}) => {
    const connection = new PostgresConnection(options.connection);
    Object.defineProperty(connection, "schema", { value: schema });
    const listens = withBlockingConnection ? name : undefined;
    return new PostgresQueueBackend(connection, name, options, true, listens);
  };
}
