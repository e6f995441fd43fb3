import type { Clock } from "../runner/clock.ts";
import type { Host } from "./request_context.ts";
import type { TaskEvent } from "../runner/observer.ts";
import type { ResponseEndSource } from "../response_end/response_end_source.ts";
import type { TaskRunner } from "../runner/task_runner.ts";
import type { TaskState } from "../task/task_state.ts";

/**
 * What takes the place of runtime, clock and runner for the tasks of one request: a test client.
 *
 * A client that calls an app itself knows when the response has been read to its end, so it says
 * so instead of a platform.
 */
export interface Interception extends Pick<ResponseEndSource, "responseEnd"> {
  /** What the tasks tell the time by; the runner's clock where there is none. */
  readonly clock: Clock | undefined;
  /** What executes the tasks in place of the app's runner; no `waitUntil` is asked for them then. */
  readonly runner: TaskRunner | undefined;
  /** Something became of a task. Called before the observers of the runner are told. */
  notify(event: TaskEvent, state: TaskState): void;
  /** Holds back a task whose turn it is, until the promise resolves. */
  turn(state: TaskState): Promise<void> | undefined;
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
 * @param host The request, as its queue knows it.
 * @returns The test client's part, or `undefined` in production.
 */
export function interceptionOf(host: Host): Interception | undefined {
  if (interceptions === undefined) return undefined;
  return found(host.request) ?? found(host.executionContext);
}

function found(key: unknown): Interception | undefined {
  return typeof key === "object" && key !== null
    ? interceptions?.get(key)
    : undefined;
}
