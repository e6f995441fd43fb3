import type { ResponseOutcome } from "../task/task_run.ts";
import { Sending } from "./poller.ts";
import type {
  Exchange,
  ResponseEndListener,
  ServerSource,
} from "./response_end_source.ts";

/** The member of Bun's `Server` that is read here. */
interface BunServer {
  requestIP(request: Request): unknown;
}

/**
 * Bun: `server.requestIP(request)` is `null` once the response is over, exact to the millisecond
 * and for files too. A body is never wrapped: that would cost `sendfile`, `Content-Length` and
 * ranges.
 */
export const bun: ServerSource<BunServer> = { find, responseEnd };

/**
 * Finds the server: `Bun.serve` hands it over, and some frameworks wrap it. For a request that came
 * over a unix socket, or that was made anew, `requestIP` is `null` even while the request is open.
 * Unless its client has left, such a request has no server here.
 */
function find(
  platform: unknown,
  request: Request | undefined,
): BunServer | undefined {
  const server = serverOf(platform);
  if (server === undefined || request === undefined) return undefined;
  const tells = !isClosed(server, request) || request.signal.aborted;
  return tells ? server : undefined;
}

function serverOf(platform: unknown): BunServer | undefined {
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
  server: BunServer,
): Response | undefined {
  new ServerResponse(listener, request!, server);
  return response;
}

function isClosed(server: BunServer, request: Request): boolean {
  try {
    return server.requestIP(request) === null;
  } catch {
    return true; // Bun did not make this request
  }
}

/** A response that Bun's server sends. */
class ServerResponse extends Sending {
  readonly #request: Request;
  readonly #server: BunServer;

  constructor(
    listener: ResponseEndListener,
    request: Request,
    server: BunServer,
  ) {
    super(listener, 0);
    this.#request = request;
    this.#server = server;
  }

  get isOver(): boolean {
    return isClosed(this.#server, this.#request);
  }

  /**
   * Bun aborts the signal for most clients that leave, and for nothing else, and tells so later
   * too. The signal is made when it is first read, which costs as much as a small task.
   */
  get outcome(): ResponseOutcome {
    return this.#request.signal.aborted ? "aborted" : "unknown";
  }
}
