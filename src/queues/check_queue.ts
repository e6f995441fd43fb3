import { describeValue } from "../check/check.ts";
import type { TaskQueue } from "./task_queue.ts";

/**
 * Checks a queue where it is given.
 *
 * @param queue The queue as the user wrote it.
 * @throws {TypeError} If it has no `enqueue`, or does not say what it supports.
 */
export function checkQueue(queue: unknown): asserts queue is TaskQueue {
  if (typeof (queue as TaskQueue | null)?.enqueue !== "function") {
    throw new TypeError(
      `Cannot use queue ${
        describeValue(queue)
      }: write bullmq({ connection }), cloudflareQueue((env) => env.TASKS), or a TaskQueue of your own`,
    );
  }
  const { name, supports } = queue as TaskQueue;
  const { idempotencyKey, maxDelay, maxBytes } = supports ?? {};
  if (
    typeof name !== "string" || typeof idempotencyKey !== "boolean" ||
    typeof maxDelay !== "number" || typeof maxBytes !== "number"
  ) {
    throw new TypeError(
      "Cannot use the queue: write its name, and supports such as " +
        "{ idempotencyKey: false, maxDelay: 0, maxBytes: 128_000 }",
    );
  }
}
