import { callHook } from "../check/user_code.ts";
import { writeError } from "../check/thrown.ts";
import type { TaskRun } from "./task_run.ts";

/** The hook of the user's that is told of a task that failed. */
export type OnTaskError = (error: unknown, run: TaskRun) => unknown;

/**
 * Tells of a task that failed: the hook, or `console.error` where there is none.
 *
 * @param hook The hook.
 * @param run The task; its error goes first.
 * @param what What has failed, for `console.error`.
 * @returns Settles when the hook has done what it began; nothing where it did so at once.
 */
export function reportTaskError(
  hook: OnTaskError | undefined,
  run: TaskRun,
  what: string,
): Promise<void> | undefined {
  if (hook !== undefined) {
    return callHook("onTaskError", () => hook(run.error, run));
  }
  writeError(what, run.error);
}
