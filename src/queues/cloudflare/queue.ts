import { describeValue } from "../../check/check.ts";
import { TaskEnqueueError } from "../../check/errors.ts";
import { check } from "../../check/rules.ts";
import { isInTime } from "../../task/in_time.ts";
import { sizeOf } from "../messages.ts";
import type {
  EnqueueContext,
  TaskMessage,
  TaskQueue,
  TaskQueueSupport,
} from "../task_queue.ts";
import { withTrace } from "../trace_context.ts";
import type { CloudflareQueueBinding } from "./types.ts";

/** The longest delay of Cloudflare Queues: a day. */
const LONGEST_DELAY = 24 * 3_600_000;
/** The most messages, and bytes, of one `sendBatch`; the rest goes into the next. */
const BATCH_MESSAGES = 100;
const BATCH_BYTES = 256_000;
/** What Cloudflare adds to each message, in bytes. */
const METADATA = 100;
/** Milliseconds a request waits at most. */
const TIMEOUT = 5_000;

/**
 * A queue of Cloudflare Queues. It has no dependency: a queue is a binding of the worker.
 *
 * A message takes 127,000 bytes at most and a delay of a day, in whole seconds. Cloudflare knows no
 * idempotency key, so `addTask` refuses one: make handlers safe to run twice.
 *
 * @example Take a binding by its name
 * ```ts
 * import { defineTask } from "@postlude/background-tasks";
 * import { cloudflareQueue, type CloudflareQueueBinding } from "@postlude/background-tasks/cloudflare-queues";
 *
 * interface Env {
 *   readonly TASKS: CloudflareQueueBinding; // or Queue, of Cloudflare's own types
 * }
 *
 * const queue = cloudflareQueue((env: Env) => env.TASKS);
 * export const sendEmail = defineTask("send-email", { queue }, (_, to: string) => console.log(to));
 * ```
 *
 * @typeParam Env The environment of the worker.
 * @param binding Takes the binding from the environment of the request: `c.env` of Hono, the second
 * argument of a fetch handler.
 * @returns The queue.
 * @throws {TypeError} If `binding` is not a function.
 */
export function cloudflareQueue<Env>(
  binding: (env: Env) => CloudflareQueueBinding,
): TaskQueue {
  check("binding", binding, ["function", "write (env) => env.TASKS"]);
  return new Producer(binding as (env: unknown) => unknown);
}

class Producer implements TaskQueue {
  readonly name = "Cloudflare Queues";
  readonly supports: TaskQueueSupport = {
    idempotencyKey: false,
    maxDelay: LONGEST_DELAY,
    maxBytes: 127_000, // of 128,000: the longest trace takes 610, and Cloudflare itself 100
  };
  readonly #binding: (env: unknown) => unknown;

  constructor(binding: (env: unknown) => unknown) {
    this.#binding = binding;
  }

  async enqueue(
    messages: readonly TaskMessage[],
    { platform }: EnqueueContext,
  ): Promise<void> {
    const queue = this.#bindingOf(platform, messages[0]?.task ?? "");
    const sends = batchesOf(messages.map(withTrace)).map((batch) =>
      queue.sendBatch(batch.map(sent))
    );
    if (await isInTime(Promise.all(sends), TIMEOUT)) return;
    throw new Error(`it did not answer within ${TIMEOUT} ms`);
  }

  async close(): Promise<void> {}

  #bindingOf(env: unknown, task: string): CloudflareQueueBinding {
    let found: unknown;
    let cause: unknown;
    try {
      found = this.#binding(env);
    } catch (error) {
      cause = error;
    }
    if (typeof (found as CloudflareQueueBinding)?.sendBatch === "function") {
      return found as CloudflareQueueBinding;
    }
    throw new TaskEnqueueError(
      task,
      this.name,
      "not-queued",
      `the binding is ${
        describeValue(found)
      }; add a producer to queues in the configuration of the worker`,
      { cause },
    );
  }
}

function sent(
  message: TaskMessage,
): { body: TaskMessage; contentType: "json"; delaySeconds?: number } {
  const { delay } = message;
  return {
    body: message,
    contentType: "json",
    ...(delay !== undefined && { delaySeconds: secondsOf(delay) }),
  };
}

/**
 * Cloudflare counts delays in whole seconds, up to a day.
 *
 * @param delay Milliseconds.
 * @returns Seconds, rounded up.
 */
export function secondsOf(delay: number): number {
  return Math.ceil(Math.min(delay, LONGEST_DELAY) / 1_000);
}

function batchesOf(messages: readonly TaskMessage[]): TaskMessage[][] {
  const batches: TaskMessage[][] = [];
  let room = 0;
  for (const message of messages) {
    const size = sizeOf(message) + METADATA;
    const last = batches.at(-1);
    if (last === undefined || size > room || last.length >= BATCH_MESSAGES) {
      batches.push([message]);
      room = BATCH_BYTES - size;
    } else {
      last.push(message);
      room -= size;
    }
  }
  return batches;
}
