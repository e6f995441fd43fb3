import type { ResponseEndSource } from "../response_end/response_end_source.ts";
import type { Scheduler } from "../runner/scheduler.ts";
import type { Watcher } from "../runner/watchers.ts";
import type { Clock } from "../task/clock.ts";
import type { BackgroundTask } from "../task/task.ts";

/**
 * What takes the place of runtime, clock and runner for the tasks of one request: a test client.
 *
 * A client that calls an app itself knows when the response has been read to its end, so it says
 * so instead of a platform.
 */
export interface Interception
  extends Watcher, Pick<ResponseEndSource, "responseEnd"> {
  /** What the tasks tell the time by; the scheduler's clock where there is none. */
  readonly clock: Clock | undefined;
  /** What executes the tasks in place of the app's runner; no `waitUntil` is asked for them then. */
  readonly scheduler: Scheduler | undefined;
  /** Holds back a task whose turn it is, until the promise resolves. */
  turn(task: BackgroundTask): Promise<void> | undefined;
}

/**
 * Who intercepts the tasks of a request, by the `Request` it made, or by the execution context it
 * made for it: a middleware may replace the one, not both.
 *
 * An app needs no change to be seen by a test: the client registers the objects before it hands
 * them over, and the queue of the request looks them up. No async context, no global switch, so
 * two clients at once do not see each other's tasks. There is no map until a client registers
 * something: an app in production compares one variable with `undefined`.
 */
let interceptions: WeakMap<object, Interception> | undefined;

/**
 * Lets a test client take over the tasks of one request.
 *
 * @param key The `Request`, or the execution context, that only this request is given.
 * @param interception Who takes over.
 */
export function intercept(key: object, interception: Interception): void {
  interceptions ??= new WeakMap();
  interceptions.set(key, interception);
}

/**
 * Finds who takes over the tasks of a request.
 *
 * @param request The request.
 * @param executionContext Finds its execution context.
 * @returns The test client's part, or `undefined` in production.
 */
export function interceptionOf(
  request: Request | undefined,
  executionContext: () => unknown,
): Interception | undefined {
  if (interceptions === undefined) return undefined;
  return found(request) ?? found(executionContext());
}

function found(key: unknown): Interception | undefined {
  return typeof key === "object" && key !== null
    ? interceptions?.get(key)
    : undefined;
}
