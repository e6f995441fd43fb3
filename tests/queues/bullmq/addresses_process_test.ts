/**
 * Where jobs arrive: not in another database, schema or prefix, and not on this machine by mistake.
 *
 * @module
 */
import type { EventEmitter } from "node:events";
import { assertEquals } from "@std/assert";
import { defineTask, enqueue } from "@postlude/background-tasks";
import {
  type BullMQConnection,
  createWorker,
} from "@postlude/background-tasks/bullmq";
import { Redis } from "ioredis";
import pg from "pg";
import { poolOptionsOf } from "../../../src/queues/bullmq/postgres_address.ts";
import { createPool } from "../../../src/queues/bullmq/postgres_pool.ts";
import { engines, patientQueue } from "../../harness/bullmq_engines.ts";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { startPostgres } from "../../harness/postgres.ts";
import { startRedis } from "../../harness/redis.ts";
import { test } from "../../harness/test.ts";

/** Runs a task through an address, and gives it the value of the run. */
async function runThrough(connection: BullMQConnection): Promise<void> {
  const queue = patientQueue(connection);
  let ran: () => void = () => {};
  const done = new Promise<void>((resolve) => ran = resolve);
  const task = defineTask("mail", { queue }, () => ran());
  const options = { tasks: [task], closeOnSignals: false };
  const worker = await createWorker({ ...connection, ...options });
  await enqueue(task);
  await done;
  await worker.close();
  await queue.close();
}

if (noBullMQ !== undefined) leaveOut("addresses of bullmq()", noBullMQ);
if (engines.some(({ name }) => name === "Redis")) {
  test("bullmq({ connection }) takes a URL, the options and a client of ioredis, with a database and a prefix", async () => {
    await using engine = await startRedis();
    const url = new URL(engine.url);
    const client = new Redis({
      port: Number(url.port),
      db: 5,
      lazyConnect: true,
    });
    const port = Number(url.port);
    await runThrough({ connection: new URL(`${engine.url}/3`), prefix: "a" });
    await runThrough({ connection: { url: engine.url, db: 4 }, prefix: "b" });
    await runThrough({ connection: client, prefix: "c" });
    await runThrough({ connection: { port, db: 6 }, prefix: "d" });
    assertEquals(client.status, "wait"); // it is the user's
    for (
      const [db, prefix] of [[3, "a"], [4, "b"], [5, "c"], [6, "d"]] as const
    ) {
      const redis = new Redis(`${engine.url}/${db}`);
      const keys = await redis.keys(`${prefix}:background-tasks:completed`);
      assertEquals(keys.length, 1, `database ${db}`);
      await redis.quit();
    }
  });
}

if (engines.some(({ name }) => name === "Postgres")) {
  test("bullmq({ postgres }) takes a URL, the options and a pool of pg, with options of its own beside the search path", async () => {
    await using engine = await startPostgres();
    const pool = new pg.Pool({ connectionString: engine.url, max: 3 });
    pool.on("error", () => {}); // it ends before its connections have
    const url = new URL(engine.url);
    url.searchParams.set("options", "-c work_mem=5MB");
    url.searchParams.set("application_name", "mine");
    await runThrough({ postgres: url });
    const limits = { connectionTimeoutMillis: 60_000 };
    const own = createPool(poolOptionsOf(url), limits);
    const { rows: settings } = await own.query(
      "SELECT current_setting('work_mem') AS a, current_setting('search_path') AS b, current_setting('application_name') AS c",
    );
    assertEquals(settings, [{ a: "5MB", b: '"bullmq",public', c: "mine" }]);
    await own.end();
    await runThrough({ postgres: pool as never });
    await runThrough({ postgres: { connectionString: engine.url, max: 1 } });
    await runThrough({
      postgres: { connectionString: url.href, schema: "Jobs" },
    });
    const { rows } = await pool.query(
      `SELECT (SELECT count(*)::int FROM bullmq.job) AS a, (SELECT count(*)::int FROM "Jobs".job) AS b`,
    );
    assertEquals(rows, [{ a: 3, b: 1 }]);
    await pool.end();
  });

  test("createPool() listens to a connection whose listeners BullMQ takes away: one that breaks then ends no process", async () => {
    await using engine = await startPostgres();
    const limits = { connectionTimeoutMillis: 60_000 };
    const pool = createPool(poolOptionsOf(engine.url), limits);
    const client = await pool.connect();
    client.removeAllListeners();
    const emitter = client as unknown as EventEmitter;
    emitter.emit("error", new Error("terminating connection"));
    client.release(true);
    await pool.end();
  });
}
