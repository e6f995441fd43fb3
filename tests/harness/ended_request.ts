import { BackgroundTasks, type TaskRunner } from "@postlude/background-tasks";

/**
 * Handles one more request, whose response has ended.
 *
 * @param runner Executes its tasks; those that fail are nobody's business.
 * @param add Adds them.
 */
export function endedRequest(
  runner: TaskRunner,
  add: (tasks: BackgroundTasks) => void,
): void {
  const tasks = new BackgroundTasks({ runner, onTaskError: () => {} });
  add(tasks);
  tasks.runAfter(new Response(null));
}
