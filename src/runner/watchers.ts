import type { BackgroundTask } from "../task/task.ts";

/** The longest wait for a promise that a hook returned, in milliseconds. */
export const LONGEST_HOOK = 30_000;

/** A moment of a task. */
export type TaskEvent = "onAdd" | "onStart" | "onRetry" | "onEnd";

/** A moment of a request: its handler has settled, its response leaves, its response has ended. */
export type RequestEvent = "handled" | "sending" | "responseEnded";

/** Who is told what becomes of tasks: the observers of a runner, a page, a test client. Never throws. */
export interface Watcher {
  /**
   * Something became of a task.
   *
   * @returns Settles when the watcher has done what it began; `undefined` where it did so at once.
   */
  notify(event: TaskEvent, task: BackgroundTask): Promise<void> | undefined;
  /** The handling of a request begins. `tasks` is the key under which a watcher keeps what it knows. */
  requestBegins?(tasks: object, request: Request | undefined): void;
  /** Something became of a request that has begun. */
  requestChanges?(event: RequestEvent, tasks: object): void;
}

/** Who is told of the tasks of every runner of the process. */
export const processWatchers: Set<Watcher> = new Set();

/**
 * Tells everybody of a task: a test client, the page of the process, the observers of its runner.
 *
 * @param client The test client of the request.
 * @param observers The observers of the runner.
 * @param event What became of the task.
 * @param task The task.
 * @returns Settles when all have done what they began; `undefined` where they did so at once.
 */
export function tell(
  client: Watcher | undefined,
  observers: Watcher | undefined,
  event: TaskEvent,
  task: BackgroundTask,
): Promise<void> | undefined {
  let begun: Promise<void> | undefined;
  for (const watcher of [client, ...processWatchers, observers]) {
    begun = both(begun, watcher?.notify(event, task));
  }
  return begun;
}

/**
 * Joins what two hooks have begun.
 *
 * @returns Settles when both have; `undefined` where there is neither.
 */
export function both(
  one: Promise<void> | undefined,
  other: Promise<void> | undefined,
): Promise<void> | undefined {
  if (one === undefined) return other;
  if (other === undefined) return one;
  return Promise.all([one, other]).then(() => {});
}
