import { catchLater, checkType, describeValue } from "../check/check.ts";
import type { DrainReport } from "./drain.ts";
import type { TaskRun } from "../task/task_state.ts";
import { writeError } from "../check/thrown.ts";

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
  /**
   * A wait for the tasks has ended, by `drain()`, `close()` or `drainOnShutdown()`: what became of
   * those of this runner, each of which has had its `onEnd`. Where the whole process was drained, a
   * runner that had nothing left is not told.
   *
   * @example Say what a shutdown lost
   * ```ts
   * import { type TaskObserver, TaskRunner } from "@postlude/background-tasks";
   * import { assertEquals } from "@std/assert";
   *
   * const lost: string[] = [];
   * const observer: TaskObserver = {
   *   onDrain: ({ abandoned }) => lost.push(...abandoned.map(({ name }) => name)),
   * };
   * const runner = new TaskRunner({ observers: [observer] });
   * await runner.drain({ timeout: 10_000 });
   * assertEquals(lost, []);
   * ```
   */
  readonly onDrain?: (report: DrainReport) => void;
  /**
   * Each attempt is made by calling `attempt`, at once: what this function enters, such as the
   * active span of a tracer, is what the task sees. One that does not call it changes nothing.
   */
  readonly around?: (run: TaskRun, attempt: () => void) => void;
}

/** A moment of a task that an observer can watch. */
export type TaskEvent = "onAdd" | "onStart" | "onRetry" | "onEnd";

/** What an observer may have. */
const KEYS: readonly (keyof TaskObserver)[] = [
  "onAdd",
  "onStart",
  "onRetry",
  "onEnd",
  "onDrain",
  "around",
];

/**
 * Checks observers.
 *
 * @param observers The observers as the user wrote them.
 * @throws {TypeError} If they are no array of objects, or a member is no function.
 */
export function checkObservers(observers: unknown): void {
  if (!Array.isArray(observers)) {
    throw new TypeError(
      `Cannot use observers ${
        describeValue(observers)
      }: write an array such as [{ onEnd(run) {} }]`,
    );
  }
  for (const observer of observers) {
    if (typeof observer !== "object" || observer === null) {
      throw new TypeError(
        `Cannot use observer ${
          describeValue(observer)
        }: write an object such as { onEnd(run) {} }`,
      );
    }
    for (const key of KEYS) {
      if (observer[key] === undefined) continue;
      checkType(key, observer[key], "function", "a function");
    }
  }
}

/**
 * Calls a hook of the user's. What it throws or rejects with goes to `console.error`.
 *
 * @param name The hook, for the message.
 * @param hook Calls it.
 * @returns Settles when a promise does that it returned; nothing where it returned none.
 */
export function callHook(
  name: string,
  hook: () => unknown,
): Promise<void> | undefined {
  const failed = (error: unknown): void =>
    writeError(`Background tasks: ${name} failed:`, error);
  try {
    return catchLater(hook(), failed);
  } catch (error) {
    failed(error);
  }
}

/** Makes an attempt inside what observers set up for it. */
export type Surround = (
  task: { snapshot(): TaskRun },
  attempt: () => unknown,
) => unknown;

/**
 * Several observers surround an attempt one inside the other, the first outermost.
 *
 * @param observers Who watches.
 * @returns What makes an attempt; nothing where no observer surrounds it.
 */
export function surroundOf(
  observers: readonly TaskObserver[],
): Surround | undefined {
  const surrounding = observers.filter(({ around }) => around !== undefined);
  if (surrounding.length === 0) return undefined;
  return (task, attempt) =>
    surrounding.reduceRight<() => unknown>(
      (inner, observer) => () =>
        callAround((once) => observer.around?.(task.snapshot(), once), inner),
      attempt,
    )();
}

/**
 * Makes an attempt inside what an observer sets up for it. Whatever the observer does, the attempt
 * is made once, and its result is the attempt's own.
 *
 * @param surround Calls the observer.
 * @param attempt Calls the task.
 * @returns What the attempt returned.
 * @throws Whatever the attempt threw.
 */
function callAround(
  surround: (attempt: () => void) => void,
  attempt: () => unknown,
): unknown {
  let result: (() => unknown) | undefined;
  const once = (): void => void (result ??= settle(attempt));
  callHook("around", () => surround(once));
  once();
  return result?.();
}

function settle(attempt: () => unknown): () => unknown {
  try {
    const value = attempt();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
