/**
 * Redis that is more than one server: a cluster of three, and a primary that three sentinels watch.
 *
 * @module
 */
import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  defineTask,
  enqueue,
  TaskEnqueueError,
} from "@postlude/background-tasks";
import {
  bullmq,
  type BullMQConnection,
  createWorker,
} from "@postlude/background-tasks/bullmq";
import { Cluster, Redis } from "ioredis";
import { consoleLines } from "../../harness/console_lines.ts";
import { heavy, testUnless } from "../../harness/left_out.ts";
import { noRedis } from "../../harness/redis.ts";
import { startCluster, startSentinels } from "../../harness/redis_cluster.ts";
import { until } from "../../harness/until.ts";

/** Runs tasks one after another, until the test has seen enough. */
async function run(
  address: BullMQConnection,
  body: (next: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const queue = bullmq({ ...address, timeout: 10_000 });
  let ran: (index: number) => void = () => {};
  let count = 0;
  const task = defineTask("mail", { queue }, (_, index: number) => ran(index));
  const worker = await createWorker({
    ...address,
    tasks: [task],
    closeOnSignals: false,
  });
  await body(async () => {
    const index = count++;
    const done = new Promise<void>((resolve) =>
      ran = (found) => found === index && resolve()
    );
    const idempotencyKey = `mail ${index}`;
    // how many hand-overs are refused while there is no primary is up to the client
    while (!await enqueue({ idempotencyKey }, task, index).catch(() => ""));
    await done;
  });
  await worker.close();
  await queue.close();
}

testUnless(
  noRedis,
  "createWorker() runs tasks on a cluster of Redis, under a prefix with a hash tag",
  async () => {
    await using cluster = await startCluster();
    const connection = new Cluster([...cluster.nodes], { lazyConnect: true });
    await run({ connection, prefix: "{jobs}" }, async (next) => {
      for (let count = 0; count < 3; count++) await next();
    });
    assertEquals(connection.status, "wait"); // it is the user's
    connection.disconnect();
  },
);

const WRITE =
  'write connection: new Cluster([…]), of ioredis, and prefix: "{jobs}"';

testUnless(
  noRedis,
  "createWorker() and bullmq() say what to write where the address is one server of a cluster",
  async () => {
    await using cluster = await startCluster();
    const [{ host, port } = { host: "", port: 0 }] = cluster.nodes;
    const connection = `redis://${host}:${port}`;
    // the keys of the last one have their place on another server
    for (
      const [prefix, said] of [["bull", /CROSSSLOT /], [
        "{jobs}",
        /MOVED /,
      ]] as const
    ) {
      const queue = bullmq({ connection, prefix, timeout: 20_000 });
      const task = defineTask("mail", { queue }, () => {});
      const error = await assertRejects(() => enqueue(task), TaskEnqueueError);
      assertEquals(error.outcome, "not-queued");
      assertMatch(error.message, said);
      assertStringIncludes(error.message, WRITE);
      const options = { tasks: [task], closeOnSignals: false };
      const lines: string[] = [];
      await consoleLines("warn", async () => {
        const worker = await createWorker({ connection, prefix, ...options });
        await until(() => lines.length > 0);
        await worker.close();
      }, lines);
      assertEquals(lines.length, 1, lines.join());
      assertMatch(lines[0]!, said);
      assertStringIncludes(lines[0]!, WRITE);
      await queue.close();
    }
  },
);

testUnless(
  noRedis ?? heavy,
  "createWorker() waits for a cluster that answers CLUSTERDOWN, and loses nothing",
  async () => {
    await using redis = await startCluster("--cluster-node-timeout", "500");
    const connection = new Cluster([...redis.nodes], { lazyConnect: true });
    const lines: string[] = [];
    await consoleLines(
      "warn",
      () =>
        run({ connection, prefix: "{jobs}" }, async (next) => {
          await next();
          await redis.servers[0]!.stop();
          const other = new Redis(redis.servers[1]!.url);
          await until(async () =>
            String(await other.cluster("INFO")).includes("cluster_state:fail")
          );
          other.disconnect();
          await until(() => lines.length > 0);
          await redis.servers[0]!.start();
          await next();
          await until(() => lines.length > 1);
        }),
      lines,
    );
    connection.disconnect();
    assertMatch(lines[0]!, /, the worker waits for it: .*(?:DOWN|closed)/);
    assertEquals(lines.slice(1), ["Durable tasks: Redis is back"]);
  },
);

testUnless(
  noRedis ?? heavy,
  "createWorker() follows the sentinels of Redis to the next primary",
  async () => {
    await using redis = await startSentinels();
    const connection = { sentinels: [...redis.nodes], name: redis.name };
    await consoleLines("warn", () =>
      run({ connection }, async (next) => {
        await next();
        await redis.killPrimary();
        await next();
      }));
  },
);
