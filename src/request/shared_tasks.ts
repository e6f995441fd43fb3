import { type BackgroundTasks, requestTasksOf } from "./background_tasks.ts";
import type { Host } from "./request_context.ts";

/**
 * Where a request has its tasks while it is handled. Not a `WeakMap`: on Deno and Node that was
 * measured to take 0.2 to 1 µs a request.
 */
const TASKS = Symbol("background tasks");

/** A request that a front door handles. */
interface Handled {
  [TASKS]?: BackgroundTasks | undefined;
}

/**
 * Finds the tasks that a front door further out made for a request, and joins them: a request has
 * one queue.
 *
 * @param host The request, as the inner front door knows it.
 * @returns The tasks, or `undefined` where there are none.
 */
export function joinTasks(host: Host): BackgroundTasks | undefined {
  const tasks = (host.request as Handled | undefined)?.[TASKS];
  if (tasks !== undefined) requestTasksOf(tasks).join(host);
  return tasks;
}

/**
 * Lets front doors further in find the tasks of a request, until {@linkcode unshareTasks}.
 *
 * @param request The request.
 * @param tasks Its tasks.
 */
export function shareTasks(request: Request, tasks: BackgroundTasks): void {
  (request as Handled)[TASKS] = tasks;
}

/**
 * Ends {@linkcode shareTasks}: the same `Request` may be handled again, as another request.
 *
 * @param request The request.
 */
export function unshareTasks(request: Request): void {
  (request as Handled)[TASKS] = undefined;
}
