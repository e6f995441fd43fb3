/**
 * What a request is told of its hand-over: the truth, however many come at once.
 *
 * @module
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { TaskEnqueueError, type TaskMessage } from "@postlude/background-tasks";
import { bullmq, type BullMQQueue } from "@postlude/background-tasks/bullmq";
import type { Queue } from "bullmq";
import { Redis } from "ioredis";
import type { Broker } from "../../../src/queues/bullmq/broker.ts";
import { BusyTime } from "../../../src/queues/bullmq/busy_time.ts";
import { HandOver } from "../../../src/queues/bullmq/hand_over.ts";
import {
  connected,
  engines,
  outcome,
  patientQueue,
} from "../../harness/bullmq_engines.ts";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { freePort } from "../../harness/ports.ts";
import { startRedis } from "../../harness/redis.ts";
import { test } from "../../harness/test.ts";
import { withGlobal } from "../../harness/with_global.ts";
import { messageFor } from "../contract.ts";

function many(count: number, more: Partial<TaskMessage> = {}): TaskMessage[] {
  return Array.from({ length: count }, (_, index) => messageFor(index, more));
}

async function stored(queue: BullMQQueue): Promise<number> {
  return await (await queue.client()).getWaitingCount();
}

if (noBullMQ !== undefined) leaveOut("hand-overs to BullMQ", noBullMQ);
for (const { name, start, connection } of engines) {
  test(`bullmq() on ${name} takes 500 requests at once, and says so to each`, async () => {
    await using engine = await start();
    const queue = patientQueue(connection(engine.url));
    await queue.enqueue([messageFor(0)], { platform: undefined });
    const text = "x".repeat(10_000);
    const outcomes = await Promise.all(
      many(500, { args: [text] }).map((message) => outcome(queue, message)),
    );
    assertEquals(outcomes.filter((each) => each !== "queued"), []);
    assertEquals(await stored(queue), 501);
    await queue.close();
  });

  test(`BullMQQueue.close() on ${name} waits for what is being handed over`, async () => {
    await using engine = await start();
    const queue = patientQueue(connection(engine.url));
    await queue.client();
    const outcomes = Array.from(
      { length: 150 },
      (_, index) => outcome(queue, messageFor(index)),
    );
    await queue.close();
    assertEquals(new Set(await Promise.all(outcomes)), new Set(["queued"]));
    assertEquals(await (await queue.client()).getWaitingCount(), 150);
    await queue.close();
  });

  test(`bullmq() on ${name} keeps one job of a message, and of a key, that many requests hand over at once`, async () => {
    await using engine = await start();
    const queue = patientQueue(connection(engine.url));
    await queue.client();
    const again = Array.from({ length: 30 }, () => messageFor(1));
    const same = { ...messageFor(2) };
    const outcomes = await Promise.all([
      ...again.map((message) =>
        outcome(queue, { ...message, idempotencyKey: "order:7" })
      ),
      ...again.map(() => outcome(queue, same)),
    ]);
    assertEquals(outcomes.filter((each) => each !== "queued"), []);
    assertEquals(await stored(queue), 2);
    await queue.close();
  });

  test(`bullmq({ jobOptions }) on ${name} is certain of what BullMQ itself refuses, and of nobody else`, async () => {
    await using engine = await start();
    const queue = patientQueue({
      ...connection(engine.url),
      jobOptions: ({ args: [priority] }) => ({ priority: Number(priority) }),
    });
    const client = await queue.client();
    const wrong = messageFor(1, { args: [1.5] });
    const handed = Array.from({ length: 20 }, () => [
      outcome(queue, messageFor(2, { args: [2] })),
      outcome(queue, wrong),
    ]).flat();
    const outcomes = await Promise.all(handed);
    assertEquals(
      outcomes,
      Array.from({ length: 20 }, () => ["queued", "not-queued"]).flat(),
    );
    const error = await assertRejects(
      () =>
        queue.enqueue([messageFor(3, { args: [3] }), wrong], {
          platform: undefined,
        }),
      TaskEnqueueError,
      "it has none of it (Priority should not be float)",
    );
    assertEquals(error.outcome, "not-queued");
    assertEquals(await client.getJobCountByTypes("prioritized", "waiting"), 20);
    assertEquals(await queue.client(), client); // the connection was left alone
    await queue.close();
  });

  test(`bullmq() on ${name} does not count the time in which this process is busy`, async () => {
    await using engine = await start();
    let outcomes: string[] = [];
    // an engine on a busy machine may need longer than the first limits
    for (const timeout of [500, 3_000, 20_000]) {
      const queue = bullmq({ ...connection(engine.url), timeout });
      await connected(queue);
      const handed = many(20).map((message) => outcome(queue, message));
      await Promise.resolve(); // they are on their way
      const end = performance.now() + timeout * 1.5;
      while (performance.now() < end);
      outcomes = await Promise.all(handed);
      await queue.close();
      if (!outcomes.includes("unknown")) break;
    }
    assertEquals(new Set(outcomes), new Set(["queued"]));
  });

  test(`bullmq() on ${name} gives a large message the time it takes`, async () => {
    await using engine = await start();
    const queue = bullmq({ ...connection(engine.url), timeout: 50 });
    await connected(queue);
    const message = messageFor(1, { args: ["x".repeat(12_000_000)] });
    let handed = "";
    for (let i = 0; i < 10 && handed !== "queued"; i++) { // a busy machine may be slower than any rate
      handed = await outcome(queue, message);
    }
    assertEquals(handed, "queued");
    await queue.close();
  });

  test(`bullmq() on ${name} says why a host of several addresses cannot be reached`, async () => {
    const port = await freePort();
    const url = name === "Redis" ? "redis://" : "postgres://u:p@";
    const queue = bullmq(connection(`${url}localhost:${port}`));
    const error = await assertRejects(
      () => queue.enqueue([messageFor(1)], { platform: undefined }),
      TaskEnqueueError,
    );
    assertEquals(error.outcome, "not-queued");
    assertMatch(error.message, /cannot be reached \(.*ECONNREFUSED.*\)$/);
    await queue.close();
  });
}

if (engines.some((engine) => engine.name === "Postgres")) {
  test("bullmq() on Postgres keeps all of a batch or nothing, and refuses one request of many alone", async () => {
    const postgres = engines.find((engine) => engine.name === "Postgres")!;
    await using engine = await postgres.start();
    const queue = patientQueue(postgres.connection(engine.url));
    await queue.client();
    const bad = messageFor(1, { args: ["a \u0000 byte"] });
    const error = await assertRejects(
      () => queue.enqueue([messageFor(0), bad], { platform: undefined }),
      TaskEnqueueError,
      "it has none of it (",
    );
    assertEquals(error.outcome, "not-queued");
    const messages = many(60);
    messages[30] = bad;
    const outcomes = await Promise.all(
      messages.map((message) => outcome(queue, message)),
    );
    assertEquals(outcomes.indexOf("not-queued"), 30);
    assertEquals(outcomes.filter((each) => each === "queued").length, 59);
    assertEquals(await stored(queue), 59);
    await queue.close();
  });
}

if (engines.some((engine) => engine.name === "Redis")) {
  test("bullmq() on Redis does not say that an engine is silent which refused a batch", async () => {
    await using engine = await startRedis();
    const queue = patientQueue({ connection: engine.url });
    await queue.client();
    const redis = new Redis(engine.url);
    await redis.config("SET", "min-replicas-to-write", "1");
    for (
      const [count, expected, text] of [
        [1, "not-queued", "it has none of it (NOREPLICAS"],
        [2, "unknown", "it did not acknowledge all of it (NOREPL"],
      ] as const
    ) {
      const error = await assertRejects(
        () => queue.enqueue(many(count), { platform: undefined }),
        TaskEnqueueError,
        text,
      );
      assertEquals(error.outcome, expected);
    }
    await redis.config("SET", "min-replicas-to-write", "0");
    assertEquals(await outcome(queue, messageFor(0)), "queued");
    await redis.quit();
    await queue.close();
  });
}

test("HandOver.give() sends together what is small, and what is of one connection", async () => {
  const sent: [string, number][] = [];
  const open = (name: string): Queue => {
    const addBulk = async (jobs: unknown[]): Promise<void> => {
      sent.push([name, jobs.length]);
      await Promise.resolve();
    };
    return { addBulk } as never;
  };
  const [first, second] = [open("first"), open("second")];
  const handOver = new HandOver({ places: 1, isAtomic: true } as Broker);
  const give = (queue: Queue, bytes: number): Promise<void> => {
    const data = messageFor(1, { args: ["x".repeat(bytes)] });
    return handOver.give(queue, [{ name: "mail", data, opts: {} }], 5_000);
  };
  await Promise.all([
    give(first, 10), // alone: nobody waits yet
    ...[give(first, 10), give(first, 10)],
    give(second, 10),
    ...[give(second, 600_000), give(second, 600_000), give(second, 10)],
  ]);
  assertEquals(sent, [
    ["first", 1],
    ["first", 2],
    ["second", 2],
    ["second", 2],
  ]);
});

test("BusyTime looks while somebody waits, and no longer", async () => {
  const timers = new Set<number>();
  let count = 0;
  const set = (): number => {
    timers.add(++count);
    return count;
  };
  const clear = (timer: number): void => void timers.delete(timer);
  const busy = new BusyTime();
  await withGlobal(
    "setInterval",
    set,
    () =>
      withGlobal("clearInterval", clear, () => {
        busy.begin();
        busy.begin();
        assertEquals(timers.size, 1);
        busy.end();
        assertEquals(timers.size, 1);
        busy.end();
        assertEquals(timers.size, 0);
      }),
  );
});
