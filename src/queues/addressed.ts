import { checkTaskOptions } from "../task/check_policy.ts";
import { definitionOf } from "../task/definition.ts";
import type { TaskOptions } from "../task/policy.ts";
import { BackgroundTask, type TaskFunction } from "../task/task.ts";
import { describeValue, quote } from "../check/check.ts";
import type { Durable } from "./durable.ts";
import { messageOf } from "./messages.ts";
import type { TaskMessage, TaskQueue } from "./task_queue.ts";

/** A message, and where it goes. */
interface Addressed {
  /** The task that the message is of. */
  readonly made: BackgroundTask;
  readonly message: TaskMessage;
  readonly queue: TaskQueue;
}

/**
 * Writes the message of a durable task that no request adds.
 *
 * @param task What the user handed over as the task.
 * @param args Its arguments.
 * @param options What this call says of it.
 * @param now When it is added, in epoch milliseconds.
 * @returns The message, the task it is of, and the queue of the task.
 * @throws {TypeError} If it has no queue, an argument is not JSON, or an option is wrong.
 * @throws {RangeError} If an option is out of range, or the message too large.
 */
export function messageFor(
  task: unknown,
  args: readonly unknown[],
  options: TaskOptions,
  now: number = Date.now(),
): Addressed {
  const definition = definitionOf(task);
  const durable = definition?.durable as Durable | undefined;
  if (durable === undefined) {
    const name = definition === undefined
      ? describeValue(task)
      : `task ${quote(definition.name)}`;
    throw new TypeError(
      `Cannot enqueue ${name}: it has no queue; write defineTask(name, { queue }, handler)`,
    );
  }
  checkTaskOptions(options);
  const made = new BackgroundTask(task as TaskFunction, args);
  made.detail.options = options;
  const { queue } = durable;
  return { made, message: messageOf(made, queue, {}, now), queue };
}
