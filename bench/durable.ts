/**
 * What handing a durable task over costs a request, and how long it waits in an outage, on real
 * engines: `deno run -A bench/durable.ts`, `bun bench/durable.ts`, or `node bench/durable.ts` (Node
 * 22.18 or newer, which runs TypeScript).
 *
 * How many jobs are lost and run twice while workers die:
 * `POSTLUDE_JOBS=5000 deno task test --verbose tests/queues/bullmq/soak_process_test.ts`.
 *
 * @module
 */
import {
  bullmq,
  type BullMQConnection,
  type BullMQQueue,
  migrate,
} from "../src/queues/bullmq/mod.ts";
import { startPostgres } from "../tests/harness/postgres.ts";
import { TestProxy } from "../tests/harness/test_proxy.ts";
import { hasRedis, startRedis } from "../tests/harness/redis.ts";

const CALLS = 2_000;

let refused = 0;

/** Hands one task over; tells how long that took, in milliseconds. */
async function enqueue(queue: BullMQQueue): Promise<number> {
  const start = performance.now();
  await queue.enqueue([{
    version: 1,
    id: crypto.randomUUID(),
    task: "bench",
    args: ["ada@example.com", { subject: "Welcome!" }],
    addedAt: Date.now(),
    retry: { attempts: 3 },
  }], { platform: undefined }).catch(() => refused++);
  return performance.now() - start;
}

async function cost(queue: BullMQQueue, atOnce: number): Promise<string> {
  const times: number[] = [];
  refused = 0;
  for (let call = 0; call < CALLS + 200; call += atOnce) {
    const batch = await Promise.all(
      Array.from({ length: atOnce }, () => enqueue(queue)),
    );
    if (call >= 200) times.push(...batch); // the first ones warm up
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string =>
    times[Math.floor(times.length * share)]!.toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${refused} refused`;
}

async function patience(queue: BullMQQueue): Promise<string> {
  const [first = 0, ...others] = [
    await enqueue(queue),
    await enqueue(queue),
    await enqueue(queue),
    await enqueue(queue),
  ];
  return `${first.toFixed(0)} ms, then at most ${
    Math.max(...others).toFixed(0)
  } ms`;
}

async function measure(
  engine: string,
  url: string,
  connect: (url: string) => BullMQConnection,
): Promise<void> {
  const queue = bullmq(connect(url));
  for (const atOnce of [1, 100, 500]) {
    console.log(`${engine}, ${atOnce} at once: ${await cost(queue, atOnce)}`);
  }
  await queue.close();
  const distant = new URL(url);
  await using proxy = await TestProxy.create(Number(distant.port));
  distant.port = String(proxy.port);
  const behind = bullmq(connect(distant.href));
  console.log(`${engine}, never up: ${await patience(behind)}`);
  await proxy.blackHole();
  console.log(`${engine}, never answers: ${await patience(behind)}`);
  await proxy.up();
  await (await behind.client()).waitUntilReady();
  await enqueue(behind);
  await proxy.blackHole();
  console.log(`${engine}, stopped answering: ${await patience(behind)}`);
  await behind.close();
}

{
  await using postgres = await startPostgres(true);
  await migrate({ postgres: postgres.url });
  await measure("Postgres", postgres.url, (url) => ({ postgres: url }));
}
if (hasRedis) {
  await using redis = await startRedis();
  await measure("Redis", redis.url, (url) => ({ connection: url }));
}
