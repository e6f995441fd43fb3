/**
 * How a worker starts, with few rights, or does not.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { defineTask, enqueue } from "@postlude/background-tasks";
import {
  type BullMQConnection,
  createWorker,
  migrate,
} from "@postlude/background-tasks/bullmq";
import { Redis } from "ioredis";
import pg from "pg";
import { engines, patientQueue } from "../../harness/bullmq_engines.ts";
import { consoleLines } from "../../harness/console_lines.ts";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { startPostgres } from "../../harness/postgres.ts";
import { asOwner, asRole } from "../../harness/postgres_roles.ts";
import { startRedis } from "../../harness/redis.ts";
import { runScript } from "../../harness/run_script.ts";
import { test } from "../../harness/test.ts";
import { until } from "../../harness/until.ts";

/** Runs one task on a worker of its own. */
async function runOne(connection: BullMQConnection): Promise<string[]> {
  const queue = patientQueue(connection);
  let ran: (to: string) => void = () => {};
  const done = new Promise<string>((resolve) => ran = resolve);
  const task = defineTask("mail", { queue }, (_, to: string) => ran(to));
  return await consoleLines("warn", async () => {
    const options = { tasks: [task], closeOnSignals: false };
    const worker = await createWorker({ ...connection, ...options });
    await enqueue(task, "ada");
    assertEquals(await done, "ada");
    await worker.close();
    await queue.close();
  });
}

/** What a process says that goes on without its worker; it ends, because nothing is left of that. */
async function rejection(options: unknown): Promise<string> {
  await using script = await runScript("tests/apps/durable/rejected.ts", {
    OPTIONS: JSON.stringify(options),
  });
  assertEquals(await script.exited, { code: 0, signal: null });
  assertEquals(script.stderr, "");
  return script.lines.join("\n");
}

const ROLE = [
  "CREATE ROLE app LOGIN PASSWORD 'secret'",
  "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
];
/** What docs/durable.md says the role of an app needs. */
const RIGHTS = [
  "GRANT USAGE ON SCHEMA bullmq TO app",
  "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bullmq TO app",
  "GRANT USAGE ON ALL SEQUENCES IN SCHEMA bullmq TO app",
];

if (noBullMQ !== undefined) leaveOut("how createWorker() starts", noBullMQ);
if (engines.some(({ name }) => name === "Redis")) {
  test("createWorker() on Redis runs tasks for a user without dangerous commands", async () => {
    await using engine = await startRedis();
    const redis = new Redis(engine.url);
    await redis.call("ACL", "SETUSER", "app", "on", ">pw", "~bull:*", "+@all");
    await redis.call("ACL", "SETUSER", "app", "-@dangerous");
    await redis.quit();
    const url = new URL(engine.url);
    [url.username, url.password] = ["app", "pw"];
    await runOne({ connection: url });
  });

  test("createWorker() on Redis that rejects leaves nothing running", async () => {
    await using engine = await startRedis("--requirepass", "secret");
    const url = new URL(engine.url);
    assertMatch(await rejection({ connection: url.href }), /NOAUTH/);
    url.password = "wrong";
    assertMatch(await rejection({ connection: url.href }), /WRONGPASS/);
    url.password = "secret";
    url.pathname = "/99";
    assertMatch(await rejection({ connection: url.href }), /index is out of/);
  });

  test("bullmq() on Redis refuses a database that Redis lacks", async () => {
    await using engine = await startRedis();
    const queue = patientQueue({
      connection: { url: engine.url, db: 99 },
    });
    const task = defineTask("t", { queue }, () => {});
    for (let round = 0; round < 2; round++) {
      const error = await assertRejects(() => enqueue(task));
      const { message, outcome } = error as Error & { outcome: string };
      assertEquals(outcome, "not-queued");
      assertMatch(
        message,
        /cannot be reached \(ERR DB index is out of range\)/,
      );
    }
    await queue.close();
  });
}

if (engines.some(({ name }) => name === "Postgres")) {
  test("createWorker() on Postgres needs no right to create anything where migrate() has run", async () => {
    await using engine = await startPostgres();
    await migrate({ postgres: engine.url });
    await migrate({ postgres: engine.url }); // a second deploy
    await asOwner(engine.url, ...ROLE, ...RIGHTS);
    const postgres = asRole(engine.url, "app");
    assertEquals(await runOne({ postgres }), []);
  });

  test("createWorker() on Postgres that rejects says what to do, and leaves nothing running", async () => {
    await using engine = await startPostgres();
    await asOwner(
      engine.url,
      ...ROLE,
      "REVOKE CREATE ON DATABASE postgres FROM PUBLIC",
    );
    const postgres = asRole(engine.url, "app");
    const write =
      /tables of queue "background-tasks" in schema "bullmq" are missing.*; run await migrate/;
    assertMatch(await rejection({ postgres, migrate: false }), write);
    assertMatch(
      await rejection({ postgres }),
      /permission denied for database/,
    );
    const hurried = `${engine.url}?options=-c%20statement_timeout%3D1`;
    assertMatch(await rejection({ postgres: hurried }), /statement timeout/);
  });

  test("createWorker() on Postgres waits for a connection where its role has none left", async () => {
    await using engine = await startPostgres();
    await migrate({ postgres: engine.url });
    await asOwner(
      engine.url,
      ...ROLE,
      ...RIGHTS,
      "ALTER ROLE app CONNECTION LIMIT 3",
    );
    const postgres = asRole(engine.url, "app");
    const holders = [1, 2, 3].map(() => new pg.Client(postgres));
    for (const holder of holders) await holder.connect();
    const lines: string[] = [];
    await consoleLines("warn", async () => {
      const options = { tasks: [], closeOnSignals: false };
      const starting = createWorker({ postgres, ...options });
      await until(() => lines.length > 0);
      for (const holder of holders) await holder.end();
      await (await starting).close();
    }, lines);
    assertMatch(lines[0]!, /the worker waits for it: too many connections/);
    assertEquals(lines.slice(1), ["Durable tasks: Postgres is back"]);
  });
}
