import { describeValue } from "../check/check.ts";
import { BackgroundTask, stateOf } from "../task/task.ts";
import type { TaskState } from "../task/task_state.ts";

/**
 * The tasks of a group, as one step of a sequence.
 *
 * @param tasks What the user wrote.
 * @returns Their states, in the same order.
 * @throws {TypeError} If one is not a task, or is in the group twice.
 */
export function stepOf(tasks: readonly BackgroundTask[]): TaskState[] {
  const step = new Set<TaskState>();
  for (const task of tasks) {
    if (!(task instanceof BackgroundTask)) {
      throw new TypeError(
        `Cannot add ${
          describeValue(task)
        } to a group: write addGroup(task(fn, ...args), …)`,
      );
    }
    if (step.has(stateOf(task))) throw addedBefore(task.name);
    step.add(stateOf(task));
  }
  return [...step];
}

/** The error of a task that is added a second time. */
export function addedBefore(name: string): TypeError {
  return new TypeError(
    `Cannot add task "${name}": it was added before; write task(fn, ...args) for another`,
  );
}
