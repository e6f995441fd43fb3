import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { defineTask, enqueue } from "@postlude/background-tasks";
import { createWorker, migrate } from "@postlude/background-tasks/bullmq";
import { patientQueue } from "../../harness/bullmq_engines.ts";
import { noBullMQ, testUnless } from "../../harness/left_out.ts";
import { noPgbouncer, startPgbouncer } from "../../harness/pgbouncer.ts";
import { startPostgres } from "../../harness/postgres.ts";
import { asOwner } from "../../harness/postgres_roles.ts";

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
