import type { ResponseOutcome } from "../task/task_run.ts";

/**
 * What the page shows of a request beside its tasks: its handler and its response, and when they ended.
 * It holds no `Request`, so that it keeps nothing else alive, and no query, which may hold secrets.
 */
export class SeenExchange {
  method: string | undefined = undefined;
  path: string | undefined = undefined;
  /** The status of the response; `undefined` until then, and where the handler threw. */
  status: number | undefined = undefined;
  outcome: ResponseOutcome = "unknown";
  /** When the handler was called, in epoch milliseconds. */
  readonly startedAt: number;
  /** When it returned or threw. */
  handledAt: number | undefined = undefined;
  /**
   * Whether the end of the response will be told. For durable tasks it is not, since they do not
   * wait.
   */
  endIsWatched = false;
  /** When the response ended. */
  responseEndedAt: number | undefined = undefined;

  constructor(request: Request | undefined, startedAt: number) {
    this.startedAt = startedAt;
    if (request === undefined) return;
    try {
      this.method = request.method;
      this.path = new URL(request.url).pathname;
    } catch {
      // Deno writes the URL into the request when it is read first, and cannot where that is frozen
    }
  }
}
