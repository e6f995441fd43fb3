import type { RequestRecord } from "../request/request_record.ts";
import { Scheduler } from "../runner/scheduler.ts";
import type { ResponseOutcome } from "../task/policy.ts";

/**
 * What the page shows of the request some tasks belong to. It holds no `Request`, so whoever keeps
 * it keeps nothing else alive, and no query, which may hold secrets.
 */
export class ShownRequest implements RequestRecord {
  method: string | undefined = undefined;
  path: string | undefined = undefined;
  /** The status of the response; `undefined` until then, and where the handler threw. */
  status: number | undefined = undefined;
  outcome: ResponseOutcome = "unknown";
  /** When the handler was called, in epoch milliseconds. */
  readonly startedAt: number;
  /** When it returned or threw. */
  handledAt: number | undefined = undefined;
  endIsWatched = false;
  /** When the response ended. */
  responseEndedAt: number | undefined = undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    this.startedAt = now();
  }

  describe(request: Request | undefined): void {
    if (request === undefined) return;
    this.method = request.method;
    this.path = new URL(request.url).pathname;
  }

  handled(status: number | undefined): void {
    if (this.handledAt !== undefined) return;
    this.handledAt = this.#now();
    this.status = status;
    this.#changed();
  }

  responseEnded(outcome: ResponseOutcome): void {
    this.responseEndedAt = this.#now();
    this.outcome = outcome;
    this.#changed();
  }

  #changed(): void {
    for (const watcher of Scheduler.watchers) watcher.requestChanged(this);
  }
}
