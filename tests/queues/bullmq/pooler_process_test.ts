import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import pg from "pg";
import { defineTask, enqueue } from "@postlude/background-tasks";
import { createWorker, migrate } from "@postlude/background-tasks/bullmq";
import { outcome, patientQueue } from "../../harness/bullmq_engines.ts";
import { noBullMQ, testUnless } from "../../harness/left_out.ts";
import { noPgbouncer, startPgbouncer } from "../../harness/pgbouncer.ts";
import { startPostgres } from "../../harness/postgres.ts";
import { asOwner } from "../../harness/postgres_roles.ts";
import { TestProxy } from "../../harness/test_proxy.ts";
import { until } from "../../harness/until.ts";
import { messageFor } from "../contract.ts";

/** What docs/durable.md says a pooler needs. */
const LINE = "ignore_startup_parameters = options";
const SEARCH_PATH = "ALTER ROLE postgres SET search_path = bullmq, public";

testUnless(
  noBullMQ ?? noPgbouncer,
  "createWorker() on Postgres behind pgbouncer in transaction mode says which line is missing, and works with it",
  async () => {
    await using engine = await startPostgres();
    await migrate({ postgres: engine.url });
    const refused = async (url: string, message: RegExp): Promise<void> => {
      const options = { postgres: url, tasks: [], closeOnSignals: false };
      const error = await assertRejects(() => createWorker(options), Error);
      assertMatch(error.message, message);
      const queue = patientQueue({ postgres: url });
      const task = defineTask("mail", { queue }, () => {});
      const refusal = await assertRejects(() => enqueue(task), Error);
      assertMatch(refusal.message, message);
      await queue.close();
    };
    {
      await using bare = await startPgbouncer(engine.url);
      await refused(bare.url, /ignore_startup_parameters = options/);
    }
    await using pooler = await startPgbouncer(engine.url, LINE);
    await refused(pooler.url, /ALTER ROLE .* SET search_path = bullmq, public/);
    await asOwner(engine.url, SEARCH_PATH);
    await using fresh = await startPgbouncer(engine.url, LINE);
    const queue = patientQueue({ postgres: fresh.url });
    const ran: number[] = [];
    let all: () => void = () => {};
    const done = new Promise<void>((resolve) => all = resolve);
    const task = defineTask("mail", { queue }, (_, index: number) => {
      if (ran.push(index) === 20) all();
    });
    const worker = await createWorker({
      postgres: fresh.url,
      tasks: [task],
      closeOnSignals: false,
    });
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => enqueue(task, index)),
    );
    await done;
    assertEquals(new Set(ran).size, 20);
    await worker.close();
    await queue.close();
  },
);

testUnless(
  noBullMQ ?? noPgbouncer,
  "bullmq() on Postgres behind pgbouncer is not certain of what pgbouncer has lost on its way to Postgres",
  async () => {
    await using engine = await startPostgres();
    await migrate({ postgres: engine.url });
    await asOwner(engine.url, SEARCH_PATH);
    const between = new URL(engine.url);
    await using proxy = await TestProxy.create(Number(between.port));
    await proxy.up();
    between.port = String(proxy.port);
    await using pooler = await startPgbouncer(between.href, LINE);
    const queue = patientQueue({ postgres: pooler.url });
    assertEquals(await outcome(queue, messageFor(1)), "queued");
    const owner = new pg.Client(engine.url);
    await owner.connect();
    await owner.query("BEGIN; LOCK TABLE bullmq.job IN EXCLUSIVE MODE");
    const held = outcome(queue, messageFor(2)); // Postgres has it, and keeps it when the lock is gone
    await until(async () => {
      const { rows } = await owner.query(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
      );
      return rows.length > 0;
    });
    await proxy.down();
    assertEquals(await held, "unknown");
    await owner.end();
    await queue.close();
  },
);
