import { assertEquals } from "@std/assert";
import { jobOf } from "../../../src/queues/bullmq/job.ts";
import { test } from "../../harness/test.ts";
import { messageFor } from "../contract.ts";

test("bullmqQueue() has BullMQ remember an idempotencyKey for an hour from when its task may start, under that task", () => {
  for (const delay of [undefined, 86_400_000]) {
    const later = delay !== undefined && { delay };
    const message = messageFor(1, { idempotencyKey: "order-7", ...later });
    const { opts } = jobOf(message, {});
    assertEquals(opts.deduplication, {
      id: '["contract","order-7"]',
      ttl: (delay ?? 0) + 60 * 60 * 1_000,
    });
    assertEquals(opts.delay, delay);
  }
  assertEquals("deduplication" in jobOf(messageFor(1), {}).opts, false);
});

test("bullmqQueue() keeps a job for an hour that succeeded, for a week that failed", () => {
  const { opts } = jobOf(messageFor(1), {});
  assertEquals(opts.removeOnComplete, { age: 60 * 60, count: 1_000 });
  assertEquals(opts.removeOnFail, { age: 7 * 24 * 60 * 60, count: 5_000 });
  assertEquals(opts.stackTraceLimit, 3);
  assertEquals(
    jobOf(messageFor(1), { stackTraceLimit: 9 }).opts.stackTraceLimit,
    9,
  );
});
