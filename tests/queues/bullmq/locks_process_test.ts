import { assertEquals } from "@std/assert";
import { Redis } from "ioredis";
import { defineTask, enqueue } from "@postlude/background-tasks";
import {
  createWorker,
  type TaskWorker,
} from "@postlude/background-tasks/bullmq";
import type { RunningWorker } from "../../../src/queues/bullmq/running_worker.ts";
import { engines, patientQueue } from "../../harness/bullmq_engines.ts";
import { consoleLines } from "../../harness/console_lines.ts";
import { type Gate, gate } from "../../harness/gate.ts";
import { leaveOut } from "../../harness/left_out.ts";
import { test } from "../../harness/test.ts";
import { until } from "../../harness/until.ts";

/** A worker on Redis, in the middle of a task. */
interface Shop extends AsyncDisposable {
  readonly worker: TaskWorker;
  readonly redis: Redis;
  /** The id of the task. */
  readonly id: string;
  /** How often the task has begun, and what its observers and BullMQ were told. */
  readonly events: string[];
  /** Ends the task. */
  readonly end: Gate;
  /** The key of something in BullMQ's queue. */
  key(name: string): string;
}

const engine = engines.find(({ name }) => name === "Redis");

async function open(): Promise<Shop> {
  const server = await engine!.start();
  const address = engine!.connection(server.url);
  const queue = patientQueue(address);
  const [begun, end] = [gate(), gate()];
  const events: string[] = [];
  const task = defineTask("held", { queue }, async () => {
    events.push("begins");
    begun.open();
    await end.opened;
    return 42;
  });
  const worker = await createWorker({
    ...address,
    tasks: [task],
    closeOnSignals: false,
    observers: [{ onEnd: ({ status }) => events.push(status) }],
  });
  worker.client.on("completed", () => events.push("completed"));
  const redis = new Redis(server.url);
  const id = await enqueue(task);
  await begun.opened;
  return {
    ...{ worker, redis, id, events, end },
    key: (name) => worker.client.toKey(name),
    async [Symbol.asyncDispose](): Promise<void> {
      await worker.close({ timeout: 100 });
      await queue.close();
      redis.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Ends the task, as another worker does that has taken it over. */
async function endElsewhere({ id, key, redis }: Shop): Promise<void> {
  await redis.multi()
    .del(key(`${id}:lock`))
    .lrem(key("active"), 0, id)
    .zadd(key("completed"), Date.now(), id)
    .exec();
}

const ONCE = ["begins", "succeeded", "completed"];

if (engine === undefined) leaveOut("locks of Redis", "there is no Redis");
else {
  test("createWorker() on Redis ends a task whose lock ran out, where nobody else has taken it", async () => {
    await using shop = await open();
    const errors = await consoleLines("error", async () => {
      await shop.redis.del(shop.key(`${shop.id}:lock`)); // as if the process had been too busy to extend it
      shop.end.open();
      await until(() => shop.events.includes("completed"));
    });
    assertEquals([shop.events, errors], [ONCE, []]);
  });

  test("createWorker() on Redis takes its own locks anew before it looks for tasks of the dead", async () => {
    await using shop = await open();
    const { key, redis } = shop;
    await redis.sadd(key("stalled"), shop.id); // as a check before this one leaves it
    await redis.del(key(`${shop.id}:lock`), key("stalled-check"));
    const stalled = await shop.worker.client.getBackend()
      .moveStalledJobsToWait();
    assertEquals(stalled, []);
    assertEquals(await redis.exists(key(`${shop.id}:lock`)), 1);
    shop.end.open();
    await until(() => shop.events.includes("completed"));
    assertEquals(shop.events, ONCE);
  });

  test("createWorker() on Redis makes no attempt a second time that still runs in the same worker", async () => {
    await using shop = await open();
    const { key, redis } = shop;
    const again = new Promise<unknown>((resolve) =>
      shop.worker.client.once("active", resolve)
    );
    await consoleLines("error", async () => {
      // as another worker does, which takes this one for dead
      await redis.multi()
        .del(key(`${shop.id}:lock`))
        .lrem(key("active"), 0, shop.id)
        .rpush(key("wait"), shop.id)
        .zadd(key("marker"), 0, "0")
        .exec();
      await again;
      shop.end.open();
      await until(() => shop.events.includes("completed"));
    });
    assertEquals(shop.events, ONCE);
    assertEquals(await redis.hget(key(shop.id), "returnvalue"), "42");
  });

  test("createWorker() on Redis changes nothing of a task that another worker has ended meanwhile", async () => {
    await using shop = await open();
    const { key, redis } = shop;
    const lost = new Promise<unknown>((resolve) =>
      shop.worker.client.once("error", resolve)
    );
    await consoleLines("error", async () => {
      await endElsewhere(shop);
      shop.end.open();
      await lost;
      await until(() => (shop.worker as RunningWorker).abandon().length === 0);
    });
    assertEquals(await redis.hget(key(shop.id), "failedReason"), null);
    assertEquals(await redis.exists(key(`${shop.id}:lock`)), 0);
  });

  test("createWorker() on Redis takes a task for ended that Redis has ended, after an outage: its answer was lost", async () => {
    await using shop = await open();
    const errors = await consoleLines("error", async () => {
      await consoleLines("warn", async () => {
        const lost = new Error("read ECONNRESET");
        shop.worker.client.emit(
          "error",
          Object.assign(lost, { code: "ECONNRESET" }),
        );
        await endElsewhere(shop);
        shop.end.open();
        await until(() => shop.events.includes("completed"));
      });
    });
    assertEquals([shop.events, errors], [ONCE, []]);
  });

  test("RunningWorker.abandon() names no task whose job is gone", async () => {
    await using shop = await open();
    const { client } = shop.worker;
    const lost = new Promise<unknown>((resolve) =>
      client.once("error", resolve)
    );
    await consoleLines("error", async () => {
      await shop.redis.flushall();
      shop.end.open();
      await lost;
      // BullMQ does not say when it has given up the job
      await until(() => (shop.worker as RunningWorker).abandon().length === 0);
    });
  });
}
