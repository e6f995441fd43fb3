import type { TaskRun } from "../task/task_run.ts";
import { quote } from "../check/check.ts";
import type { TaskMessage } from "./task_queue.ts";

/** The version of messages that this code writes and reads. */
const VERSION: TaskMessage["version"] = 1;

/**
 * Makes what `onTaskError` is told of a message of another version, which a newer worker can read.
 *
 * @param body What an engine kept.
 * @param attempt The attempt, from 1.
 * @returns The run of the message, or `undefined` where it is no message at all.
 */
export function runOfOtherVersion(
  body: unknown,
  attempt: number,
): (TaskRun & { readonly error: Error }) | undefined {
  const { version, id, task, addedAt } = (body ?? {}) as Partial<TaskMessage>;
  if (typeof id !== "string" || typeof task !== "string") return undefined;
  if (typeof version !== "number" || version === VERSION) return undefined;
  const error = new Error(
    `Cannot run task ${quote(task)} ${
      quote(id)
    }: its message is of version ${version}, and this worker reads ` +
      `version ${VERSION}; it is left for another one`,
  );
  return {
    id,
    name: task,
    attempt,
    status: "waiting",
    addedAt: Number(addedAt ?? Date.now()),
    startedAt: undefined,
    endedAt: undefined,
    error,
  };
}
