import { IS_BUN } from "./runtime.ts";
import type { ResponseOutcome } from "../task/task_run.ts";
import { waitForTurn } from "./turn.ts";
import type {
  Exchange,
  ResponseEndListener,
  ServerSource,
} from "./response_end_source.ts";

/** The member of Bun's `Server` that is read here. */
interface BunServer {
  requestIP(request: Request): unknown;
}

/** The runtime's own, even where a test replaces it by a fake one: all requests share the poller. */
const { setTimeout } = globalThis;

/** How long the poller sleeps between two looks, in milliseconds. */
const SHORTEST_SLEEP = 1;
const LONGEST_SLEEP = 20;

/**
 * Bun: `server.requestIP(request)` is `null` once the response is over, exact to the millisecond
 * and for files too. One poller asks for all requests, a turn later at the earliest, which must do
 * behind a unix socket, where the answer is always `null`. Without the server two turns must do.
 * A body is never wrapped: that would cost `sendfile`, `Content-Length` and ranges.
 */
export const bun: ServerSource<BunServer | undefined> = { find, responseEnd };

/** `Bun.serve` hands over the server itself, some frameworks wrap it. */
function find(platform: unknown): BunServer | undefined {
  if (!IS_BUN) return undefined; // the binding of a Worker has a method of any name
  if (isServer(platform)) return platform;
  const wrapper = platform as { server?: unknown } | null | undefined;
  return isServer(wrapper?.server) ? wrapper.server : undefined;
}

function isServer(value: unknown): value is BunServer {
  const server = value as Partial<BunServer> | null | undefined;
  return typeof server?.requestIP === "function";
}

function responseEnd(
  listener: ResponseEndListener,
  { request, response }: Exchange,
  server: BunServer | undefined,
): Response | undefined {
  const sending = new Sending(request, listener, server);
  if (request === undefined || server === undefined) {
    listener.responseEnded(sending, 2);
  } else watch(sending);
  return response;
}

/** A response that may still be on its way. */
class Sending {
  readonly listener: ResponseEndListener;
  readonly #request: Request | undefined;
  readonly #server: BunServer | undefined;

  constructor(
    request: Request | undefined,
    listener: ResponseEndListener,
    server: BunServer | undefined,
  ) {
    this.listener = listener;
    this.#request = request;
    this.#server = server;
  }

  get isOver(): boolean {
    try {
      return this.#server!.requestIP(this.#request!) === null;
    } catch {
      return true; // Bun did not make this request, so nobody can tell
    }
  }

  /**
   * Bun aborts the signal for most clients that leave, and for nothing else, and tells so later
   * too. The signal is made when it is first read, which costs as much as a small task.
   */
  get outcome(): ResponseOutcome {
    return this.#request?.signal.aborted ? "aborted" : "unknown";
  }
}

/** Who is looked at in the next turn for the first time, and who was found to take longer. */
let fresh: Sending[] = [];
let lasting: Sending[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
let sleep = SHORTEST_SLEEP;

function watch(sending: Sending): void {
  if (fresh.length === 0) waitForTurn(1, { turnHasCome: lookAtFresh });
  fresh.push(sending);
}

function lookAtFresh(): void {
  const before = fresh;
  fresh = [];
  lasting.push(...stillSending(before));
  if (lasting.length > 0) timer ??= setTimeout(lookAtLasting, sleep);
}

function lookAtLasting(): void {
  const before = lasting.length;
  lasting = stillSending(lasting);
  sleep = lasting.length < before
    ? SHORTEST_SLEEP
    : Math.min(sleep * 2, LONGEST_SLEEP);
  timer = lasting.length > 0 ? setTimeout(lookAtLasting, sleep) : undefined;
}

/** Tells the listeners whose response is over; the others are left. */
function stillSending(all: readonly Sending[]): Sending[] {
  return all.filter((sending) => {
    if (!sending.isOver) return true;
    sending.listener.responseEnded(sending, 0);
    return false;
  });
}
