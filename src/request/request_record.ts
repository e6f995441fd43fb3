import { Scheduler } from "../runner/scheduler.ts";
import type { ResponseOutcome } from "../task/policy.ts";

/** What a watcher keeps of the request some tasks belong to, and is told of it. */
export interface RequestRecord {
  /** Whether somebody will tell when the response ends: not for durable tasks, which do not wait. */
  endIsWatched: boolean;
  /** The request is known. */
  describe(request: Request | undefined): void;
  /** The handler has returned or thrown. */
  handled(status: number | undefined): void;
  /** The response has ended. */
  responseEnded(outcome: ResponseOutcome): void;
}

/**
 * Has the record of a request made where somebody watches; a process without a watcher pays one
 * comparison a request.
 *
 * @param scheduler What runs its tasks.
 * @returns The record, or `undefined` where nobody does.
 */
export function recordOf(scheduler: Scheduler): RequestRecord | undefined {
  if (Scheduler.watchers.size === 0) return undefined;
  const [watcher] = Scheduler.watchers;
  return watcher?.newRecord(() => scheduler.clock.now());
}
