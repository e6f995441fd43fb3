import { type BackgroundTasks, requestTasksOf } from "./background_tasks.ts";
import type { Host } from "./host.ts";

/** What `withBackgroundTasks` made, for whatever handles the same request inside it. */
const shared = new WeakMap<Request, BackgroundTasks>();

/**
 * Finds the tasks that a wrapper further out made for a request, and joins them: a request has
 * one queue.
 *
 * @param host The request, as the inner front door knows it.
 * @returns The tasks, or `undefined` where there are none.
 */
export function joinTasks(host: Host): BackgroundTasks | undefined {
  const tasks = host.request && shared.get(host.request);
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
  shared.set(request, tasks);
}

/**
 * Ends {@linkcode shareTasks}: the same `Request` may be handled again, as another request.
 *
 * @param request The request.
 */
export function unshareTasks(request: Request): void {
  shared.delete(request);
}
