import {
  assertSchemaCompatibility,
  LATEST_SCHEMA_VERSION,
  type PgPool,
  type PgPoolClient,
  runMigrations,
  Worker,
} from "bullmq";
import { causeOf } from "./cause.ts";
import type { WorkerConnection, WorkerSetup } from "./open_worker.ts";
import { isOutage, Outage } from "./outage.ts";
import { makePatient } from "./patience.ts";
import { poolOptionsOf, type PostgresAddress } from "./postgres_address.ts";
import { backendIn, createPool, type Pool } from "./postgres_pool.ts";

/** A worker listens on one connection of its own, and asks on the others. */
const LEAST_CONNECTIONS = 2;

/**
 * Connects a worker to Postgres. See {@linkcode openWorker}.
 *
 * @param address Where Postgres is.
 * @param setup What runs, and how.
 * @returns The worker, connected.
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
    await prepare(pool, schema, migrate);
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
    throw error;
  }
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

/** Makes BullMQ's tables where they are missing or old, or says that somebody has to. */
async function prepare(
  pool: Pool,
  schema: string,
  migrate: boolean,
): Promise<void> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    if (!await isCurrent(client, schema)) await make(client, schema, migrate);
    isBroken = false;
  } finally {
    client.release(isBroken);
  }
}

async function isCurrent(
  client: PgPoolClient,
  schema: string,
): Promise<boolean> {
  try {
    const version = await assertSchemaCompatibility(client, schema);
    return version >= LATEST_SCHEMA_VERSION;
  } catch (error) {
    // no such table
    if ((error as Error).name === "SchemaMigrationRequiredError") return false;
    throw error;
  }
}

async function make(
  client: PgPoolClient,
  schema: string,
  migrate: boolean,
): Promise<void> {
  const state = `the tables in schema "${schema}" are missing, or older than ` +
    "BullMQ";
  const write =
    "run await migrate({ postgres }) once, as a role that may create them";
  if (!migrate) throw new Error(`Cannot start a worker: ${state}; ${write}`);
  try {
    await runMigrations(client, schema);
  } catch (cause) {
    if (causeOf(cause).code !== "42501") throw cause; // insufficient privilege
    const why = causeOf(cause).message;
    throw new Error(
      `Cannot start a worker: ${state}, and its role may not change that (${why}); ${write}`,
      { cause },
    );
  }
}

/**
 * Makes BullMQ's tables, or brings them up to date.
 *
 * @param address Where Postgres is.
 */
export async function migrateTables(
  address: string | URL | PostgresAddress | PgPool,
): Promise<void> {
  const options = poolOptionsOf(address);
  const pool = createPool(options, { connectionTimeoutMillis: 5_000 });
  try {
    const client = await pool.connect();
    try {
      await runMigrations(client, options.schema);
    } finally {
      client.release(true);
    }
  } finally {
    await pool.end();
  }
}
