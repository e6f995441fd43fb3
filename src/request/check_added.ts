/**
 * Checks of what is added to the tasks of a request.
 *
 * @module
 */
import { describeValue, isThenable, quote } from "../check/check.ts";
import { BackgroundTask, type TaskFunction } from "../task/task.ts";

/** The task to add: one made now, or the one that was made before. */
export function taskOf(
  fn: TaskFunction | BackgroundTask,
  args: readonly unknown[],
): BackgroundTask {
  if (!(fn instanceof BackgroundTask)) return new BackgroundTask(fn, args);
  if (args.length === 0) return fn;
  throw new TypeError(
    `Cannot add task ${
      quote(fn.name)
    } with arguments: it has its own; write addTask(fn, ...args)`,
  );
}

/** Refuses a group that is not made of tasks, each of them new. */
export function checkGroup(tasks: readonly BackgroundTask[]): void {
  const seen = new Set<BackgroundTask>();
  for (const task of tasks) {
    if (!(task instanceof BackgroundTask)) {
      throw new TypeError(
        `Cannot add ${
          describeValue(task)
        } to a group: write addGroup(task(fn, ...args), …)`,
      );
    }
    if (task.owner !== undefined || seen.has(task)) {
      throw addedBefore(task.name);
    }
    seen.add(task);
  }
}

/** Refuses what is not a promise, for `waitUntil()`. */
export function checkPromise(
  promise: unknown,
): asserts promise is PromiseLike<unknown> {
  if (isThenable(promise)) return;
  throw new TypeError(
    `Cannot wait until ${
      describeValue(promise)
    } settles: write waitUntil(promise); for a function, write addTask(fn, ...args)`,
  );
}

/** The error of tasks that are run a second time, or by somebody else. */
export function runElsewhere(): TypeError {
  return new TypeError(
    "Cannot run tasks after this response: they run after another one, or a middleware does it",
  );
}

/** The error of a task that is added a second time. */
export function addedBefore(name: string): TypeError {
  return new TypeError(
    `Cannot add task ${
      quote(name)
    }: it was added before; write task(fn, ...args) for another`,
  );
}
