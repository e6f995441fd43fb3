import { quote } from "../check/check.ts";
import {
  policyOf,
  type RetryOptions,
  type TaskPolicy,
} from "../task/policy.ts";
import type { BackgroundTask } from "../task/task.ts";
import { copyArguments } from "./json.ts";
import type { TaskMessage, TaskQueue } from "./task_queue.ts";

/**
 * Writes the message of a durable task, and refuses what its engine cannot do.
 *
 * @param task The task.
 * @param queue Its engine.
 * @param defaults The policy of tasks that have none of their own.
 * @param addedAt When it was added, in epoch milliseconds.
 * @returns The message.
 * @throws {TypeError} If an argument is not JSON, or an option is not supported.
 * @throws {RangeError} If the delay is too long or the message too large.
 */
export function messageOf(
  task: BackgroundTask,
  queue: TaskQueue,
  defaults: TaskPolicy,
  addedAt: number,
): TaskMessage {
  const { definition, details } = task;
  const options = details?.options;
  const name = definition?.name ?? task.name;
  const args = copyArguments(name, task.args);
  const { timeout, retry } = policyOf(defaults, definition, options);
  const { delay = 0, idempotencyKey } = options ?? {};
  checkSupport(name, queue, delay, idempotencyKey);
  const message: TaskMessage = {
    version: 1,
    id: task.id,
    task: name,
    args,
    addedAt,
    retry: retryOf(name, definition?.options.retry, retry),
    ...(timeout !== undefined && { timeout }),
    ...(delay > 0 && { delay }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
  checkSize(message, queue);
  return message;
}

/** The bytes a message takes as JSON. */
export function sizeOf(message: TaskMessage): number {
  return new TextEncoder().encode(JSON.stringify(message)).byteLength;
}

function retryOf(
  task: string,
  defined: RetryOptions | undefined,
  retry: RetryOptions = { attempts: 1 },
): TaskMessage["retry"] {
  const { when, ...rest } = retry;
  if (when !== undefined && retry !== defined) {
    throw new TypeError(
      `Cannot hand task ${
        quote(task)
      } to its queue: retry.when is a function, which does not leave ` +
        "this process; write it on defineTask, where the worker finds it",
    );
  }
  return rest;
}

function checkSupport(
  task: string,
  { name, supports }: TaskQueue,
  delay: number,
  idempotencyKey: string | undefined,
): void {
  if (delay > supports.maxDelay) {
    throw new RangeError(
      `Cannot delay task ${
        quote(task)
      } by ${delay} ms: ${name} takes a delay of at most ${supports.maxDelay} ms`,
    );
  }
  if (idempotencyKey !== undefined && !supports.idempotencyKey) {
    throw new TypeError(
      `Cannot give task ${
        quote(task)
      } an idempotencyKey: ${name} has none; make the handler safe to ` +
        "run twice instead",
    );
  }
}

function checkSize(message: TaskMessage, { name, supports }: TaskQueue): void {
  const { maxBytes } = supports;
  if (maxBytes === Infinity) return;
  const bytes = sizeOf(message);
  if (bytes <= maxBytes) return;
  throw new RangeError(
    `Cannot hand task ${
      quote(message.task)
    } to its queue: it takes ${bytes} bytes as JSON, and ${name} ` +
      `takes ${maxBytes}; pass an ID, and load the data in the task`,
  );
}
