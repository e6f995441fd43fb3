import { policyOf } from "../task/attempt.ts";
import type { FullPolicy, RetryOptions } from "../task/policy.ts";
import type { TaskState } from "../task/task_state.ts";
import { copyArguments } from "./json.ts";
import type { TaskMessage, TaskQueue } from "./task_queue.ts";

/**
 * Writes the message of a durable task, and refuses what its engine cannot do.
 *
 * @param state The task.
 * @param queue Its engine.
 * @param defaults The policy of tasks that have none of their own.
 * @param addedAt When it was added, in epoch milliseconds.
 * @returns The message.
 * @throws {TypeError} If an argument is not JSON, or an option is not supported.
 * @throws {RangeError} If the delay is too long or the message too large.
 */
export function messageOf(
  state: TaskState,
  queue: TaskQueue,
  defaults: FullPolicy,
  addedAt: number,
): TaskMessage {
  const task = state.definition?.name ?? state.name;
  const args = copyArguments(task, state.args);
  const { timeout, retry } = policyOf(state, defaults);
  const { delay = 0, idempotencyKey } = state.options ?? {};
  checkSupport(task, queue, delay, idempotencyKey);
  const message: TaskMessage = {
    version: 1,
    id: state.id,
    task,
    args,
    addedAt,
    retry: retryOf(task, state, retry),
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
  state: TaskState,
  retry: RetryOptions = { attempts: 1 },
): TaskMessage["retry"] {
  const { when, ...rest } = retry;
  if (when !== undefined && retry !== state.definition?.options.retry) {
    throw new TypeError(
      `Cannot hand task "${task}" to its queue: retry.when is a function, which does not leave ` +
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
      `Cannot delay task "${task}" by ${delay} ms: ${name} takes a delay of at most ${supports.maxDelay} ms`,
    );
  }
  if (idempotencyKey !== undefined && !supports.idempotencyKey) {
    throw new TypeError(
      `Cannot give task "${task}" an idempotencyKey: ${name} has none; make the handler safe to ` +
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
    `Cannot hand task "${message.task}" to its queue: it takes ${bytes} bytes as JSON, and ${name} ` +
      `takes ${maxBytes}; pass an ID, and load the data in the task`,
  );
}
