/**
 * What an operator meets: the value of a job, one that failed, one of another version, and what is
 * handed through to BullMQ.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  type AnyDefinedTask,
  bullmq,
  type BullMQConnection,
  type BullMQQueue,
  createWorker,
  type TaskWorker,
} from "@postlude/background-tasks/bullmq";
import { defineTask, enqueue, type TaskRun } from "@postlude/background-tasks";
import { engines, patientQueue } from "../../harness/bullmq_engines.ts";
import { consoleLines } from "../../harness/console_lines.ts";
import { gate } from "../../harness/gate.ts";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { freePort } from "../../harness/ports.ts";
import { test } from "../../harness/test.ts";
import { until } from "../../harness/until.ts";
import { messageFor } from "../contract.ts";

interface Shop extends AsyncDisposable {
  readonly queue: BullMQQueue;
  /** What `onTaskError` was told. */
  readonly told: [string, TaskRun][];
  worker(
    tasks: readonly AnyDefinedTask[],
    options?: object,
  ): Promise<TaskWorker>;
}

async function open(
  { start, connection }: (typeof engines)[number],
  options: object = {},
): Promise<Shop> {
  const engine = await start();
  const address: BullMQConnection = connection(engine.url);
  const queue = patientQueue({ ...address, ...options });
  const workers: TaskWorker[] = [];
  const told: [string, TaskRun][] = [];
  return {
    queue,
    told,
    async worker(tasks, more = {}) {
      const worker = await createWorker({
        ...address,
        tasks,
        closeOnSignals: false,
        onTaskError: (error, run) =>
          void told.push([(error as Error).message, run]),
        ...more,
      });
      workers.push(worker);
      return worker;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const worker of workers) await worker.close({ timeout: 100 });
      await queue.close();
      await engine[Symbol.asyncDispose]();
    },
  };
}

if (noBullMQ !== undefined) leaveOut("jobs of BullMQ, every case", noBullMQ);
for (const engine of engines) {
  const { name } = engine;

  test(`createWorker() on ${name} keeps what the handler returned as the value of the job`, async () => {
    await using shop = await open(engine);
    const { queue } = shop;
    const task = defineTask("sum", { queue }, (_, a: number, b: number) => ({
      sum: a + b,
      text: "a \u0000 byte",
      skipped: undefined,
    }));
    const values = [
      undefined,
      1n,
      "half \ud800 of a pair", // neither engine stores it as it is
      { "a \u0000": ["\udc00\u0000"] },
      String.raw`a path: C:\u0000\ud800`,
      "a pair: \ud83d\ude00",
    ];
    const odd = defineTask("odd", { queue }, (_, at: number) => values[at]);
    await shop.worker([task, odd]);
    const ids = [await enqueue(task, 1, 2)];
    for (const at of values.keys()) ids.push(await enqueue(odd, at));
    const client = await queue.client();
    const counts = async (): Promise<number> =>
      await client.getCompletedCount() + await client.getFailedCount();
    await until(async () => await counts() === ids.length);
    const jobs = await Promise.all(ids.map((id) => client.getJob(id)));
    assertEquals(jobs.map((job) => job?.returnvalue ?? undefined), [
      { sum: 3, text: "a \ufffd byte" },
      undefined,
      undefined,
      "half \ufffd of a pair",
      { "a \ufffd": ["\ufffd\ufffd"] },
      values[4],
      values[5],
    ]);
  });

  test(`TaskWorker.close() on ${name} gives the key free of a task that fails for good meanwhile`, async () => {
    await using shop = await open(engine);
    const { queue } = shop;
    const [begun, end] = [gate(), gate()];
    const task = defineTask("fail", { queue }, async () => {
      begun.open();
      await end.opened;
      throw new Error("no");
    });
    const worker = await shop.worker([task]);
    const options = { idempotencyKey: "order:7" };
    await enqueue(options, task);
    await begun.opened;
    const closed = worker.close();
    end.open();
    assertEquals((await closed).failed, 1);
    const client = await queue.client();
    const again = await enqueue(options, task);
    assertEquals((await client.getJob(again))?.id, again);
  });

  test(`createWorker() on ${name} tells onTaskError of a message that has more attempts than its job`, async () => {
    await using shop = await open(engine);
    const { queue } = shop;
    const task = defineTask("fail", { queue }, () => {
      throw new Error("no");
    });
    const client = await queue.client();
    const message = messageFor(1, { task: "fail" }); // three attempts
    await client.add("fail", message, { jobId: message.id });
    await shop.worker([task]);
    await until(() => shop.told.length > 0);
    const [[text, { id, attempt, status }] = ["", {} as TaskRun]] = shop.told;
    assertEquals([text, id, attempt, status], ["no", message.id, 1, "failed"]);
  });

  test(`createWorker() on ${name} leaves a message of another version, and tells onTaskError which`, async () => {
    await using shop = await open(engine);
    const { queue } = shop;
    const task = defineTask("contract", { queue }, () => {});
    const message = messageFor(1, { version: 2 as never });
    await queue.enqueue([message], { platform: undefined });
    await shop.worker([task]);
    await until(() => shop.told.length > 0);
    assertMatch(
      shop.told[0]![0],
      /of version 2, and this worker reads version 1/,
    );
    assertEquals(shop.told[0]![1].id, message.id);
    const client = await queue.client();
    await until(async () => await client.getDelayedCount() === 1);
    const job = await client.getJob(message.id);
    assertEquals(job?.attemptsMade, 0);
  });

  test(`BullMQQueue.schedule() on ${name} goes on where the next run cannot be written for a while`, async () => {
    await using shop = await open(engine);
    const ids: string[] = [];
    const task = defineTask("tick", { queue: shop.queue }, ({ id }) => {
      ids.push(id);
    });
    const idle = await shop.worker([], { queueName: "idle" });
    const backend = Object.getPrototypeOf(idle.client.getBackend());
    const write = backend.updateJobSchedulerNextMillis;
    let isBroken = true;
    backend.updateJobSchedulerNextMillis = function (...args: unknown[]) {
      if (isBroken) return Promise.reject(new Error("NOPERM no right"));
      return write.apply(this, args);
    };
    const lines: string[] = [];
    try {
      await consoleLines("warn", async () => {
        await shop.queue.schedule("often", { every: 50 }, task);
        await shop.worker([task]);
        await until(() => lines.length > 0);
        assertEquals(ids, []);
        isBroken = false;
        await until(() => ids.length >= 2);
        await until(() => lines.length > 1);
      }, lines);
    } finally {
      backend.updateJobSchedulerNextMillis = write;
    }
    assertEquals(lines, [
      `Durable tasks: ${name} answers with an error, the worker waits for it: NOPERM no right`,
      `Durable tasks: ${name} is back`,
    ]);
    assertEquals(new Set(ids).size, ids.length);
  });

  test(`BullMQQueue.schedule() on ${name} runs a task again and again, each time with an id of its own`, async () => {
    await using shop = await open(engine);
    const { queue } = shop;
    const ids: string[] = [];
    const task = defineTask("tick", { queue }, ({ id }, to: string) => {
      ids.push(id);
      return to;
    });
    await shop.worker([task]);
    await queue.schedule("every-moment", { every: 50 }, task, "Ada");
    await until(() => ids.length >= 3);
    const client = await queue.client();
    await client.removeJobScheduler("every-moment");
    assertEquals(new Set(ids).size, ids.length);
    await until(async () =>
      (await client.getJob(ids[0]!))?.returnvalue === "Ada"
    );
    const foreign = defineTask(
      "foreign",
      { queue: bullmq({ postgres: {} }) },
      () => {},
    );
    await assertRejects(
      () => queue.schedule("x", { every: 50 }, foreign),
      TypeError,
      "it has another queue; write schedule() of that",
    );
  });

  test(`bullmq({ jobOptions }) on ${name} hands priority through, and createWorker({ limiter }) its limit`, async () => {
    const jobOptions = ({ args }: { args: readonly unknown[] }): object => ({
      priority: Number(args[0]),
    });
    await using shop = await open(engine, { jobOptions });
    const { queue } = shop;
    const ran: number[] = [];
    const task = defineTask("t", { queue }, (_, priority: number) => {
      ran.push(priority);
    });
    for (const priority of [3, 1, 2]) await enqueue(task, priority);
    const limiter = { max: 2, duration: 60_000 };
    await shop.worker([task], { concurrency: 1, limiter });
    const client = await queue.client();
    await until(async () =>
      ran.length === 2 && await client.getRateLimitTtl(2) > 0
    );
    assertEquals(ran, [1, 2]);
  });

  test(`bullmq() on ${name} stores little of what a task of many attempts threw`, async () => {
    await using shop = await open(engine);
    const { queue } = shop;
    const retry = { attempts: 20, delay: 0, jitter: 0 };
    const task = defineTask("fail", { queue, retry }, ({ attempt }) => {
      throw new Error(`attempt ${attempt} ${"x".repeat(100_000)}`);
    });
    await shop.worker([task]);
    const id = await enqueue(task);
    await until(() => shop.told.length > 0);
    const client = await queue.client();
    await until(async () => await client.getFailedCount() === 1);
    const job = await client.getJob(id);
    assertEquals(job?.stacktrace?.length, 3);
    assertMatch(job?.failedReason ?? "", /^attempt 20 x+…$/);
    assert(JSON.stringify(job).length < 30_000);
  });

  test(`Job.retry() on ${name} runs a task once more that has used up its attempts`, async () => {
    await using shop = await open(engine);
    const { queue } = shop;
    const attempts: number[] = [];
    const retry = { attempts: 2, delay: 0, jitter: 0 };
    const task = defineTask("fail", { queue, retry }, ({ attempt }) => {
      attempts.push(attempt);
      if (attempts.length < 4) throw new Error("no");
      return "done";
    });
    await shop.worker([task]);
    const id = await enqueue(task);
    const client = await queue.client();
    for (const failures of [1, 2]) {
      await until(async () =>
        shop.told.length === failures && await client.getFailedCount() === 1
      );
      const [job] = await client.getFailed();
      assertEquals([job?.id, job?.failedReason], [id, "no"]);
      await job?.retry();
    }
    await until(async () => await client.getCompletedCount() === 1);
    assertEquals(attempts, [1, 2, 3, 4]);
    assertEquals((await client.getJob(id))?.returnvalue, "done");
  });

  test(`BullMQQueue.client() on ${name} does not wait for an engine that is away`, async () => {
    const url = name === "Redis" ? "redis://" : "postgres://u:p@";
    const address = engine.connection(`${url}127.0.0.1:${await freePort()}`);
    const queue = bullmq({ ...address, timeout: 200 });
    await assertRejects(
      () => queue.client(),
      Error,
      `Cannot reach BullMQ on ${name}: `,
    );
    await queue.close();
  });
}
