import { type PgPool, Worker } from "bullmq";
import { messageOf } from "../../check/thrown.ts";
import { causeOf } from "./cause.ts";
import type { WorkerConnection, WorkerSetup } from "./worker_connection.ts";
import { isOutage, Outage } from "./outage.ts";
import { makePatient } from "./patience.ts";
import { poolOptionsOf, type PostgresAddress } from "./postgres_address.ts";
import { backendIn, createPool } from "./postgres_pool.ts";
import { prepareTables } from "./postgres_tables.ts";

/** A worker listens on one connection of its own, and asks on the others. */
const LEAST_CONNECTIONS = 2;

/**
 * Connects a worker to Postgres, once it is there. The worker does not run yet.
 *
 * @param address Where Postgres is.
 * @param setup What runs, and how.
 * @returns The worker, connected.
 * @throws {Error} If the engine refuses; nothing is left of the connection then.
 */
export async function openOnPostgres(
  address: string | URL | PostgresAddress | PgPool,
  { queueName, processor, options, migrate }: WorkerSetup,
): Promise<WorkerConnection> {
  const away = new Outage("Postgres");
  const poolOptions = poolOptionsOf(address);
  const { schema, config: { max = 10 } } = poolOptions;
  const pool = createPool(poolOptions, {
    connectionTimeoutMillis: 5_000,
    max: Math.max(max, LEAST_CONNECTIONS),
  });
  const open = async (): Promise<Worker> => {
    await prepareTables(pool, schema, queueName, migrate);
    const worker = new Worker(queueName, processor, {
      ...options,
      autorun: false,
      connection: pool,
    }, backendIn(schema)) as unknown as Worker;
    worker.on("error", (error) => away.met(error));
    try {
      await worker.waitUntilReady();
      makePatient(worker, away, undefined);
      return worker;
    } catch (error) {
      worker.on("error", () => {});
      await worker.close(true).catch(() => {});
      throw error;
    }
  };
  try {
    const worker = await whenThere(open, away);
    return {
      worker,
      end: () => pool.end(),
      disconnect: () => void pool.end().catch(() => {}),
    };
  } catch (error) {
    away.over();
    pool.end().catch(() => {});
    throw withRemedy(error);
  }
}

/** The error of a worker that cannot start, with what to do about it where Postgres does not say. */
function withRemedy(error: unknown): unknown {
  const { message } = causeOf(error);
  if (messageOf(error) === message) return error;
  return new Error(`Cannot start a worker: ${message}`, { cause: error });
}

/** Opens what there is an engine for, and waits for the engine as long as it is away, or full. */
async function whenThere<Value>(
  open: () => Promise<Value>,
  away: Outage,
): Promise<Value> {
  while (true) {
    try {
      const value = await open();
      away.ends();
      return value;
    } catch (error) {
      if (!isOutage(error)) throw error;
      away.begins(error);
      await away.pause("connection", 1_000);
    }
  }
}
