import type { TaskRun } from "./task_state.ts";

/**
 * Watches every task of a runner. Every task that was added ends in exactly one `onEnd`.
 *
 * An observer that throws, or whose promise rejects, is reported with `console.error` and harms
 * nobody.
 *
 * @example Log what ended, and how long it took
 * ```ts
 * import { TaskRunner, type TaskObserver } from "@postlude/background-tasks";
 *
 * const log: TaskObserver = {
 *   onEnd: (run) => console.log(run.name, run.status, (run.endedAt ?? 0) - run.addedAt, "ms"),
 * };
 * const runner = new TaskRunner({ observers: [log] });
 * ```
 */
export interface TaskObserver {
  /** A task was added. */
  readonly onAdd?: (run: TaskRun) => void;
  /** The first attempt of a task starts. */
  readonly onStart?: (run: TaskRun) => void;
  /** An attempt failed with `run.error`, and another one follows. */
  readonly onRetry?: (run: TaskRun) => void;
  /** A task ended, with `run.status`. */
  readonly onEnd?: (run: TaskRun) => void;
}

/** The moments an observer can watch. */
export const OBSERVER_KEYS = ["onAdd", "onStart", "onRetry", "onEnd"] as const;

/**
 * Calls a hook of the user's. What it throws or rejects with goes to `console.error`.
 *
 * @param name The hook, for the message.
 * @param hook Calls it.
 */
export function callHook(name: string, hook: () => unknown): void {
  const report = (error: unknown): void =>
    console.error(`Background tasks: ${name} failed:`, error);
  try {
    const result = hook();
    if (result instanceof Promise) result.catch(report);
  } catch (error) {
    report(error);
  }
}
