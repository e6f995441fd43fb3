import type { ResponseEndSource } from "../response_end/response_end_source.ts";
import type { Scheduler } from "../runner/scheduler.ts";
import type { Watcher } from "../runner/watchers.ts";
import type { Clock } from "../task/clock.ts";
import type { BackgroundTask } from "../task/task.ts";
import { executionContextOf, type ServerKnowledge } from "./platform.ts";
import type { RequestContext } from "./request_context.ts";

/**
 * A test client, in the place of runtime, clock and runner, for the tasks of one request.
 *
 * A test client calls the app itself, and reads the response to its end. So it knows when the
 * response has ended, and says so in place of the runtime.
 */
export interface Interception
  extends Watcher, Pick<ResponseEndSource, "responseEnd"> {
  /** The clock of the tasks; `undefined` for the clock of the scheduler. */
  readonly clock: Clock | undefined;
  /**
   * The scheduler that runs the tasks in place of the app's runner. No platform is asked for a
   * `waitUntil` then. `undefined` for the app's runner.
   */
  readonly scheduler: Scheduler | undefined;
  /** Holds a task back whose turn has come, until the promise resolves. */
  turn(task: BackgroundTask): Promise<void> | undefined;
}

/**
 * The test clients, by the `Request` or by the execution context that each made for one request. A
 * middleware may replace either of the two, not both.
 *
 * An app needs no change for its tests: the client registers the two objects before it calls the app,
 * and the tasks of the request look them up. Two clients at once see only their own tasks, because no
 * global switch and no async context is used. In production there is no map: each request compares
 * one variable with `undefined`.
 */
let interceptions: WeakMap<object, Interception> | undefined;

/**
 * Hands the tasks of one request to a test client.
 *
 * @param key The `Request`, or the execution context, which no other request has.
 * @param interception The test client.
 */
export function intercept(key: object, interception: Interception): void {
  (interceptions ??= new WeakMap()).set(key, interception);
}

/**
 * Finds the test client of a request.
 *
 * @param request The request.
 * @param context The request, as its front door was handed it.
 * @param server What the front door has learnt of its server.
 * @returns The test client; `undefined` in production.
 */
export function interceptionOf(
  request: Request | undefined,
  context: RequestContext,
  server: ServerKnowledge,
): Interception | undefined {
  if (interceptions === undefined) return undefined;
  const found = interceptions.get(request!);
  // a `WeakMap` has nothing for a key that is no object
  return found ??
    interceptions.get(executionContextOf(context, server) as object);
}
