import { TaskEnqueueError } from "../check/errors.ts";
import { isOf, reasonOf } from "../check/thrown.ts";
import type { TaskQueue } from "./task_queue.ts";

/**
 * What a queue's `enqueue()` threw, as the caller of a task is told. Only a queue that throws a
 * `TaskEnqueueError` knows the outcome: any other error leaves open what the engine did.
 *
 * @param error What the queue threw.
 * @param task The name of the first task that was handed over.
 * @param queue The queue.
 * @returns The error itself, or one whose outcome is unknown.
 */
export function refusalOf(
  error: unknown,
  task: string,
  { name }: TaskQueue,
): TaskEnqueueError {
  if (isOf(error, TaskEnqueueError)) return error;
  const reason = reasonOf(error);
  return new TaskEnqueueError(task, name, "unknown", reason, { cause: error });
}
