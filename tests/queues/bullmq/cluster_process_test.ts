/**
 * Redis that is more than one server: a cluster of three, and a primary that three sentinels watch.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { defineTask, enqueue } from "@postlude/background-tasks";
import {
  bullmq,
  type BullMQConnection,
  createWorker,
} from "@postlude/background-tasks/bullmq";
import { Cluster } from "ioredis";
import { consoleLines } from "../../harness/console_lines.ts";
import { heavy, noBullMQ, testUnless } from "../../harness/left_out.ts";
import { hasRedis } from "../../harness/redis.ts";
import { startCluster, startSentinels } from "../../harness/redis_cluster.ts";

const noRedis = noBullMQ ??
  (hasRedis ? undefined : "redis-server is not installed");

/** Runs tasks one after another, until the test has seen enough. */
async function run(
  address: BullMQConnection,
  body: (next: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const queue = bullmq({ ...address, timeout: 5_000 });
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
