import { check, type Rule } from "../check/rules.ts";
import { callHook } from "../check/user_code.ts";
import type { BackgroundTask, Surround } from "../task/task.ts";
import type { TaskRun } from "../task/task_run.ts";
import type { DrainReport } from "./drain_report.ts";
import { both, type TaskEvent, type Watcher } from "./watchers.ts";

/**
 * Watches every task of a runner. Every task that was added ends in exactly one `onEnd`.
 *
 * A promise that an observer returns is a part of the work: the platform is kept alive for the promise,
 * and a drain waits for it. What an observer throws, or rejects with, goes to `console.error`, and
 * changes no task.
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
  readonly onAdd?: (run: TaskRun) => unknown;
  /** The first attempt of a task starts. */
  readonly onStart?: (run: TaskRun) => unknown;
  /** An attempt failed with `run.error`, and another one follows. */
  readonly onRetry?: (run: TaskRun) => unknown;
  /** A task ended, with `run.status`. */
  readonly onEnd?: (run: TaskRun) => unknown;
  /**
   * A drain has ended: of `drain()`, `close()` or `drainOnShutdown()`. The report counts the tasks of
   * this runner, each of which has had its `onEnd`. A drain of the whole process does not tell the
   * runners that had no task.
   *
   * @example Say what a shutdown lost
   * ```ts
   * import { type TaskObserver, TaskRunner } from "@postlude/background-tasks";
   * import { assertEquals } from "@std/assert";
   *
   * let lost = 0;
   * const observer: TaskObserver = {
   *   onDrain: ({ abandoned }) => {
   *     lost += abandoned.length;
   *   },
   * };
   * const runner = new TaskRunner({ observers: [observer] });
   * await runner.drain({ timeout: 10_000 });
   * assertEquals(lost, 0);
   * ```
   */
  readonly onDrain?: (report: DrainReport) => unknown;
  /**
   * Surrounds each attempt. The function enters a context, such as the active span of a tracer, and
   * calls `attempt` at once, so that the task sees that context. Where the function does not call
   * `attempt`, the attempt is made without it.
   */
  readonly around?: (run: TaskRun, attempt: () => void) => void;
}

const HOOK: Rule = ["function", "write a function"];

/** The members of an observer. */
const KEYS: readonly (keyof TaskObserver)[] = [
  "onAdd",
  "onStart",
  "onRetry",
  "onEnd",
  "onDrain",
  "around",
];

/** The rule of an observer. An instance of a class passes, whatever other members it has. */
const OBSERVER: Rule<TaskObserver | null> = [
  "object",
  "write an object such as { onEnd(run) {} }",
  (observer) => {
    if (observer === null) return false;
    for (const key of KEYS) {
      if (observer[key] !== undefined) check(key, observer[key], HOOK);
    }
    return true;
  },
];

/** The rule of the option `observers`. */
export const OBSERVERS: Rule<readonly TaskObserver[]> = [
  "object",
  "write an array such as [{ onEnd(run) {} }]",
  (observers) => {
    if (!Array.isArray(observers)) return false;
    for (const observer of observers) check("observer", observer, OBSERVER);
    return true;
  },
];

/**
 * Checks observers.
 *
 * @param observers The observers as the user wrote them.
 * @throws {TypeError} If they are no array of objects, or a member is no function.
 */
export function checkObservers(observers: unknown): void {
  check("observers", observers, OBSERVERS);
}

/** The observers of a runner, as one watcher. Each observer that listens gets a snapshot of its own. */
export class Observers implements Watcher {
  readonly #observers: readonly TaskObserver[];
  /** Surrounds each attempt; `undefined` where no observer does. */
  readonly surround: Surround | undefined;

  constructor(observers: readonly TaskObserver[]) {
    this.#observers = [...observers];
    this.surround = surroundOf(observers);
  }

  notify(event: TaskEvent, task: BackgroundTask): Promise<void> | undefined {
    return this.#callAll(event, (observer) => {
      if (observer[event] !== undefined) {
        return observer[event](task.snapshot());
      }
    });
  }

  /** A drain is over. */
  drained(report: DrainReport): Promise<void> | undefined {
    return this.#callAll("onDrain", (observer) => observer.onDrain?.(report));
  }

  #callAll(
    name: string,
    call: (observer: TaskObserver) => unknown,
  ): Promise<void> | undefined {
    let begun: Promise<void> | undefined;
    for (const observer of this.#observers) {
      begun = both(begun, callHook(name, () => call(observer)));
    }
    return begun;
  }
}

/**
 * Several observers surround an attempt one inside the other, the first outermost.
 *
 * @param observers The observers.
 * @returns Calls an attempt inside all of them; `undefined` where none has `around`.
 */
function surroundOf(
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
 * Makes an attempt inside the context of an observer. The attempt is made exactly once, whether the
 * observer calls it never, once or twice, and its result is the attempt's own.
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
  const once = (): void => void (result ??= resultOf(attempt));
  callHook("around", () => surround(once));
  once();
  return result?.();
}

function resultOf(attempt: () => unknown): () => unknown {
  try {
    const value = attempt();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
