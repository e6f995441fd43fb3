import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { TaskEnqueueError } from "@postlude/background-tasks";
import {
  bullmq,
  type BullMQQueue,
  createWorker,
} from "@postlude/background-tasks/bullmq";
import { createBroker } from "../../../src/queues/bullmq/queue.ts";
import {
  type BullMQEngine,
  engines,
  outcome,
  patientQueue,
} from "../../harness/bullmq_engines.ts";
import { consoleLines } from "../../harness/console_lines.ts";
import { leaveOut, noBullMQ, testUnless } from "../../harness/left_out.ts";
import { noRedis, startRedis } from "../../harness/redis.ts";
import { test } from "../../harness/test.ts";
import { TestProxy } from "../../harness/test_proxy.ts";
import { messageFor } from "../contract.ts";

/** A queue behind a network that is down, and the way to its engine around it. */
interface Outage extends AsyncDisposable {
  readonly proxy: TestProxy;
  readonly queue: BullMQQueue;
  /** What the engine keeps. */
  stored(): Promise<string[]>;
}

async function outage(
  { start, connection }: BullMQEngine,
): Promise<Outage> {
  const engine = await start();
  const url = new URL(engine.url);
  const proxy = await TestProxy.create(Number(url.port));
  const direct = patientQueue(connection(engine.url));
  url.port = String(proxy.port);
  const queue = bullmq({ ...connection(url.href), timeout: 300 });
  return {
    proxy,
    queue,
    async stored(): Promise<string[]> {
      const jobs = await (await direct.client()).getJobs(["waiting"]);
      return jobs.map(({ id }) => id ?? "").sort();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await direct.close();
      await queue.close();
      await proxy.down();
      await engine[Symbol.asyncDispose]();
    },
  };
}

/** Enqueues until the engine has the message: how long that takes is up to the client's retries. */
async function recovered(
  queue: BullMQQueue,
  message = messageFor(0),
): Promise<string> {
  while (await outcome(queue, message) !== "queued");
  return message.id;
}

if (noBullMQ !== undefined) {
  leaveOut("bullmq() through an outage, every case", noBullMQ);
}

for (const engine of engines) {
  test(`bullmq() on ${engine.name} refuses while the engine was never up, and finds it when it is`, async () => {
    await using net = await outage(engine);
    const messages = [messageFor(1), messageFor(2), messageFor(3)];
    const error = await assertRejects(
      () => net.queue.enqueue([messages[0]!], { platform: undefined }),
      TaskEnqueueError,
    );
    assertMatch(
      error.message,
      /^Cannot hand task "contract" to BullMQ on \w+: it cannot be reached \(.+\)$/,
    );
    const outcomes = messages.map((message) => outcome(net.queue, message));
    assertEquals(await Promise.all(outcomes), [
      "not-queued",
      "not-queued",
      "not-queued",
    ]);
    await net.proxy.up();
    const id = await recovered(net.queue);
    assertEquals(await net.stored(), [id]);
  });

  test(`bullmq() on ${engine.name} does not wait for an engine that accepts and never answers`, async () => {
    await using net = await outage(engine);
    await net.proxy.blackHole();
    assertEquals(await outcome(net.queue, messageFor(1)), "not-queued");
    await net.proxy.up();
    const id = await recovered(net.queue);
    assertEquals(await net.stored(), [id]);
  });

  test(`bullmq() on ${engine.name} finds the engine again when a connection has died in silence`, async () => {
    await using net = await outage(engine);
    await net.proxy.up();
    const first = await recovered(net.queue);
    await net.proxy.blackHole();
    assertEquals(await outcome(net.queue, messageFor(1)), "unknown");
    await net.proxy.up(); // new connections work, the old one never answers
    const second = await recovered(net.queue);
    assertEquals(await net.stored(), [first, second].sort());
  });

  test(`bullmq() on ${engine.name} keeps one job of a message that is sent again after an unknown outcome`, async () => {
    await using net = await outage(engine);
    await net.proxy.up();
    const first = await recovered(net.queue);
    const message = messageFor(1);
    net.proxy.freeze();
    assertEquals(await outcome(net.queue, message), "unknown");
    net.proxy.thaw();
    assertEquals(await recovered(net.queue, message), message.id);
    assertEquals(await net.stored(), [first, message.id].sort());
  });

  test(`Broker.discard() on ${engine.name} leaves a connection alone that is newer than the one that failed`, async () => {
    await using server = await engine.start();
    const broker = createBroker(engine.connection(server.url), "q", 60_000);
    const first = await broker.open();
    broker.discard(first);
    const opening = broker.open();
    broker.discard(first); // the next request of those that were on it fails
    const second = await opening;
    broker.discard(first);
    assertEquals([first === second, await broker.open() === second], [
      false,
      true,
    ]);
    await broker.close();
  });

  test(`bullmq() on ${engine.name} comes through an outage with everything it acknowledged`, async () => {
    await using net = await outage(engine);
    await net.proxy.up();
    const acknowledged: string[] = [];
    const enqueue = async (index: number): Promise<void> => {
      const message = messageFor(index);
      if (await outcome(net.queue, message) === "queued") {
        acknowledged.push(message.id);
      }
    };
    for (let round = 0; round < 3; round++) {
      const batch = Array.from({ length: 10 }, (_, index) => enqueue(index));
      await net.proxy.down();
      await Promise.all(batch);
      await enqueue(10);
      await net.proxy.up();
      acknowledged.push(await recovered(net.queue));
    }
    const stored = new Set(await net.stored());
    assertEquals(acknowledged.filter((id) => !stored.has(id)), []);
  });
}

testUnless(
  noRedis,
  "bullmq() on Redis does not wait where the password is wrong",
  async () => {
    await using redis = await startRedis("--requirepass", "secret");
    for (const password of ["wrong", undefined]) {
      const url = new URL(redis.url);
      if (password !== undefined) url.password = password;
      const queue = bullmq({ connection: url.href, timeout: 60_000 });
      const error = await assertRejects(
        () => queue.enqueue([messageFor(1)], { platform: undefined }),
        TaskEnqueueError,
        password === undefined ? "NOAUTH" : "WRONGPASS",
      );
      assertEquals(error.outcome, "not-queued");
      await queue.close();
    }
  },
);

testUnless(
  noRedis,
  "createWorker() on Redis rejects where the password is wrong",
  async () => {
    await using redis = await startRedis("--requirepass", "secret");
    for (const password of ["wrong", ""]) {
      const url = new URL(redis.url);
      url.password = password;
      const options = { connection: url.href, tasks: [] };
      const warnings = await consoleLines("warn", async () => {
        await assertRejects(
          () => createWorker(options),
          Error,
          password === "" ? "NOAUTH" : "WRONGPASS",
        );
      });
      assertEquals(warnings, []);
    }
  },
);
