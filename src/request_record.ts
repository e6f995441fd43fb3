import { Scheduler } from "./scheduler.ts";
import type { ResponseOutcome } from "./task_options.ts";

/**
 * What a watcher may know of the request some tasks belong to. It holds no `Request`, so whoever
 * keeps it keeps nothing else alive, and no query, which may hold secrets.
 *
 * It is made only while somebody watches: a process without a watcher pays one comparison a request.
 */
export class RequestRecord {
  method: string | undefined = undefined;
  path: string | undefined = undefined;
  /** The status of the response; `undefined` until then, and where the handler threw. */
  status: number | undefined = undefined;
  outcome: ResponseOutcome = "unknown";
  /** When the handler was called, in epoch milliseconds. */
  readonly startedAt: number;
  /** When it returned or threw. */
  handledAt: number | undefined = undefined;
  /** Whether somebody will tell when the response ends: not for durable tasks, which do not wait. */
  endIsWatched = false;
  /** When the response ended. */
  responseEndedAt: number | undefined = undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    this.startedAt = now();
  }

  /** The request is known. */
  describe(request: Request | undefined): void {
    if (request === undefined) return;
    this.method = request.method;
    this.path = new URL(request.url).pathname;
  }

  /** The handler has returned or thrown. */
  handled(status: number | undefined): void {
    if (this.handledAt !== undefined) return;
    this.handledAt = this.#now();
    this.status = status;
    this.#changed();
  }

  /** The response has ended. */
  responseEnded(outcome: ResponseOutcome): void {
    this.responseEndedAt = this.#now();
    this.outcome = outcome;
    this.#changed();
  }

  #changed(): void {
    for (const watcher of Scheduler.watchers) watcher.requestChanged(this);
  }
}

/**
 * Makes the record of a request where somebody watches.
 *
 * @param scheduler What runs its tasks.
 * @returns The record, or `undefined` where nobody does.
 */
export function recordOf(scheduler: Scheduler): RequestRecord | undefined {
  if (Scheduler.watchers.size === 0) return undefined;
  return new RequestRecord(() => scheduler.clock.now());
}
