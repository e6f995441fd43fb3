import { assertEquals } from "@std/assert";
import { defineTask } from "@postlude/background-tasks";
import { createWorker } from "@postlude/background-tasks/bullmq";
import { Redis } from "ioredis";
import { outcome, patientQueue } from "../../harness/bullmq_engines.ts";
import { testUnless } from "../../harness/left_out.ts";
import { noRedis, startRedis } from "../../harness/redis.ts";
import { TestProxy } from "../../harness/test_proxy.ts";
import { messageFor } from "../contract.ts";

/** A primary behind an address that outlives it, and the one that takes its place. */
interface Pair extends AsyncDisposable {
  /** The address of whichever is the primary. */
  readonly address: string;
  /** The address of the second one. */
  readonly second: string;
  /** Makes the second one the primary, and the first its replica; connections are kept. */
  failOver(): Promise<void>;
}

async function pair(): Promise<Pair> {
  const [first, second] = [await startRedis(), await startRedis()];
  const [port, next] = [first, second].map(({ url }) => +new URL(url).port);
  const proxy = await TestProxy.create(port!);
  await proxy.up();
  return {
    address: `redis://127.0.0.1:${proxy.port}`,
    second: second.url,
    async failOver(): Promise<void> {
      proxy.redirect(next!);
      const redis = new Redis(first.url);
      await redis.replicaof("127.0.0.1", next!);
      await redis.quit();
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await proxy.down();
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    },
  };
}

testUnless(
  noRedis,
  "bullmq() on Redis follows a failover that keeps its connection",
  async () => {
    await using redis = await pair();
    const queue = patientQueue({ connection: redis.address });
    const message = messageFor(1);
    assertEquals(await outcome(queue, messageFor(0)), "queued");
    await redis.failOver();
    // how many requests are refused meanwhile is up to the client
    while (await outcome(queue, message) !== "queued");
    const direct = patientQueue({ connection: redis.second });
    const jobs = await (await direct.client()).getJobs(["waiting"]);
    assertEquals(jobs.map(({ id }) => id), [message.id]);
    await queue.close();
    await direct.close();
  },
);

testUnless(
  noRedis,
  "createWorker() on Redis follows a failover that keeps its connections",
  async () => {
    await using redis = await pair();
    const queue = patientQueue({ connection: redis.address });
    const direct = patientQueue({ connection: redis.second });
    let ran: () => void = () => {};
    const task = defineTask("contract", { queue }, () => ran());
    const worker = await createWorker({
      connection: redis.address,
      tasks: [task],
      closeOnSignals: false,
    });
    for (const producer of [queue, direct]) {
      const done = new Promise<void>((resolve) => ran = resolve);
      assertEquals(await outcome(producer, messageFor(1)), "queued");
      await done;
      if (producer === queue) await redis.failOver();
    }
    await worker.close();
    await queue.close();
    await direct.close();
  },
);
