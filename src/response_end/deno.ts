import type { ResponseOutcome } from "../task/task_run.ts";
import { symbolOf } from "./body_state.ts";
import { handOn } from "./hand_on.ts";
import type {
  Exchange,
  ResponseEndListener,
  ServerSource,
} from "./response_end_source.ts";
import { IS_DENO } from "./runtime.ts";
import { type TurnListener, waitForTurn } from "./turn.ts";

/** The members of Deno's `ServeHandlerInfo` that are read here. */
export interface ServeHandlerInfo {
  readonly completed: Promise<void>;
  readonly remoteAddr: unknown;
}

/**
 * Deno: the response is over when `info.completed` settles, either way, and two turns have passed.
 * It must be read while the handler runs: read later it may never settle. For a body held in memory
 * it settles just before the bytes are written, which the turns cover up to what the kernel takes at
 * once; `exactEnd` makes a stream of it, for which it settles at the true end.
 */
export const deno: ServerSource<ServeHandlerInfo> = { find, responseEnd };

/** `Deno.serve` hands over the info itself; where that was dropped, its request has the same. */
function find(
  platform: unknown,
  request: Request | undefined,
): ServeHandlerInfo | undefined {
  if (isInfo(platform)) return platform;
  if (!IS_DENO || request === undefined) return undefined;
  const inner = Reflect.get(request, symbolOf(request, "request"));
  return isInfo(inner) ? inner : undefined;
}

function isInfo(value: unknown): value is ServeHandlerInfo {
  const info = value as Partial<ServeHandlerInfo> | null | undefined;
  return info?.completed instanceof Promise;
}

function responseEnd(
  listener: ResponseEndListener,
  { request, response, exactEnd, hasLeft }: Exchange,
  info: ServeHandlerInfo,
): Response | undefined {
  const end = new End(listener, info);
  // `.body` is read for `exactEnd` only: reading makes a stream, which may lose its `Content-Length`
  const isAsked = exactEnd && !hasLeft && request?.method !== "HEAD";
  const returned = isAsked ? exact(response, end) : response;
  // a middleware outside may have answered before the first task was added
  if (isClosed(info)) end.over();
  else info.completed.then(end.over, end.over);
  // `completed` never settles where it is first read while the request closes. A turn later the
  // request has closed
  if (hasLeft) waitForTurn(1, end);
  return returned;
}

function exact(
  response: Response | undefined,
  { ended }: End,
): Response | undefined {
  return response?.body && !response.body.locked
    ? handOn(response, ended)
    : response;
}

/** The end of a response, told once. */
class End implements TurnListener {
  readonly #listener: ResponseEndListener;
  readonly #info: ServeHandlerInfo;
  #outcome: ResponseOutcome = "unknown";
  #isTold = false;

  constructor(listener: ResponseEndListener, info: ServeHandlerInfo) {
    this.#listener = listener;
    this.#info = info;
  }

  /** The body has ended; its last bytes may not have left. */
  readonly ended = (outcome: ResponseOutcome): void => {
    this.#outcome = outcome;
  };

  readonly over = (): void => {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#listener.responseEnded(this.#outcome, 2);
  };

  turnHasCome(): void {
    if (isClosed(this.#info)) this.over();
  }
}

/** Whether the request is closed: then `remoteAddr` throws. */
function isClosed(info: ServeHandlerInfo): boolean {
  try {
    return info.remoteAddr === undefined;
  } catch {
    return true;
  }
}
