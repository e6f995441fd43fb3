import { nextTurn } from "../turn.ts";
import type {
  Exchange,
  KnownOutcome,
  ResponseEndListener,
  ResponseEndSource,
  SrvxRequest,
} from "./types.ts";

/** The member of Bun's `Server` that is read here. */
interface BunServer {
  requestIP(request: Request): unknown;
}

const IS_BUN = "Bun" in globalThis;

/** How long the poller sleeps between two looks, in milliseconds. */
const SHORTEST_SLEEP = 1;
const LONGEST_SLEEP = 20;

/**
 * Bun: `server.requestIP(request)` is `null` once the response is over, exact to the millisecond
 * and for files too. One poller asks for all requests, a timer tick later at the earliest, which
 * must do behind a unix socket, where the answer is always `null`. Without the server two ticks
 * must do. A body is never wrapped: that would cost `sendfile`, `Content-Length` and ranges.
 */
export const bun: ResponseEndSource = { canTell, responseEnd };

function canTell(): boolean {
  return IS_BUN;
}

function responseEnd(
  exchange: Exchange,
  listener: ResponseEndListener,
): Response | undefined {
  const { request, response } = exchange;
  const server = serverOf(exchange);
  if (server !== undefined && request !== undefined) {
    watch({ server, request, listener });
  } else {
    nextTurn(() => nextTurn(() => listener.responseEnded(outcomeOf(request))));
  }
  return response;
}

/** `Bun.serve` hands over the server itself, some frameworks wrap it; srvx puts it on the request. */
function serverOf({ platform, request }: Exchange): BunServer | undefined {
  if (isServer(platform)) return platform;
  const wrapper = platform as { server?: unknown } | null | undefined;
  if (isServer(wrapper?.server)) return wrapper.server;
  const srvx = (request as SrvxRequest | undefined)?.runtime?.bun?.server;
  return isServer(srvx) ? srvx : undefined;
}

function isServer(value: unknown): value is BunServer {
  const server = value as Partial<BunServer> | null | undefined;
  return typeof server?.requestIP === "function";
}

interface Watched {
  readonly server: BunServer;
  readonly request: Request;
  readonly listener: ResponseEndListener;
}

let watched: Watched[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
let sleep = SHORTEST_SLEEP;

function watch(one: Watched): void {
  watched.push(one);
  if (timer !== undefined && sleep === SHORTEST_SLEEP) return;
  clearTimeout(timer);
  sleep = SHORTEST_SLEEP;
  timer = setTimeout(poll, sleep);
}

function poll(): void {
  const before = watched;
  watched = [];
  for (const one of before) {
    const { server, request, listener } = one;
    if (server.requestIP(request) === null) {
      listener.responseEnded(outcomeOf(request));
    } else {
      watched.push(one);
    }
  }
  sleep = watched.length < before.length
    ? SHORTEST_SLEEP
    : Math.min(sleep * 2, LONGEST_SLEEP);
  timer = watched.length > 0 ? setTimeout(poll, sleep) : undefined;
}

/**
 * Bun aborts the signal for most clients that leave, and for nothing else, and tells so later too.
 * The signal is made when it is first read, which costs as much as a small task.
 */
function outcomeOf(request: Request | undefined): KnownOutcome {
  return () => request?.signal.aborted ? "aborted" : "unknown";
}
