import {
  assertSchemaCompatibility,
  LATEST_SCHEMA_VERSION,
  type PgPool,
  type PgPoolClient,
  runMigrations,
} from "bullmq";
import { causeOf } from "./cause.ts";
import { poolOptionsOf, type PostgresAddress } from "./postgres_address.ts";
import { createPool, type Pool } from "./postgres_pool.ts";

/**
 * Makes BullMQ's tables where they are missing or old, or says that `migrate()` has to.
 *
 * @param pool Connections to Postgres.
 * @param schema The schema of the tables.
 * @param queueName The queue of the worker.
 * @param migrate Whether it may make them.
 * @throws {Error} If they are missing, and it may not make them.
 */
export async function prepareTables(
  pool: Pool,
  schema: string,
  queueName: string,
  migrate: boolean,
): Promise<void> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    const isReady = await isCurrent(client, schema) &&
      await isKnown(client, queueName);
    if (!isReady) await make(client, schema, queueName, migrate);
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

/** Whether the sequence is there that BullMQ makes with the first job of a queue. */
async function isKnown(
  client: PgPoolClient,
  queueName: string,
): Promise<boolean> {
  const { rows } = await client.query<{ known: boolean }>(
    "SELECT to_regclass(job_id_seq_name($1)) IS NOT NULL AS known",
    [queueName],
  );
  return rows[0]?.known === true;
}

async function make(
  client: PgPoolClient,
  schema: string,
  queueName: string,
  migrate: boolean,
): Promise<void> {
  const state =
    `the tables of queue "${queueName}" in schema "${schema}" are ` +
    "missing, or older than BullMQ";
  const write = "run await migrate({ postgres, queueNames }) once, as a role " +
    "that may create them";
  if (!migrate) throw new Error(`Cannot start a worker: ${state}; ${write}`);
  try {
    await makeTables(client, schema, [queueName]);
  } catch (cause) {
    if (causeOf(cause).code !== "42501") throw cause; // insufficient privilege
    const why = causeOf(cause).message;
    throw new Error(
      `Cannot start a worker: ${state}, and its role may not change that (${why}); ${write}`,
      { cause },
    );
  }
}

async function makeTables(
  client: PgPoolClient,
  schema: string,
  queueNames: readonly string[],
): Promise<void> {
  await runMigrations(client, schema);
  for (const queueName of queueNames) {
    if (await isKnown(client, queueName)) continue;
    await client.query("SELECT next_job_id($1)", [queueName]); // makes the sequence
  }
}

/**
 * Makes BullMQ's tables, or brings them up to date.
 *
 * @param address Where Postgres is.
 * @param queueNames The queues there are.
 */
export async function migrateTables(
  address: string | URL | PostgresAddress | PgPool,
  queueNames: readonly string[],
): Promise<void> {
  const options = poolOptionsOf(address);
  const pool = createPool(options, { connectionTimeoutMillis: 5_000 });
  try {
    const client = await pool.connect();
    try {
      await makeTables(client, options.schema, queueNames);
    } finally {
      client.release(true);
    }
  } finally {
    await pool.end();
  }
}
