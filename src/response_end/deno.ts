import { handOn } from "./hand_on.ts";
import type { ResponseOutcome } from "../task/task_run.ts";
import type {
  Exchange,
  ResponseEndListener,
  ServerSource,
} from "./response_end_source.ts";

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

/** `Deno.serve` hands over the info itself. */
function find(platform: unknown): ServeHandlerInfo | undefined {
  const info = platform as Partial<ServeHandlerInfo> | null | undefined;
  return info?.completed instanceof Promise
    ? info as ServeHandlerInfo
    : undefined;
}

function responseEnd(
  listener: ResponseEndListener,
  { request, response, exactEnd }: Exchange,
  info: ServeHandlerInfo,
): Response | undefined {
  let outcome: ResponseOutcome = "unknown";
  const over = (): void => listener.responseEnded(outcome, 2);
  // A middleware outside may have answered before the first task was added.
  if (isClosed(info)) over();
  else info.completed.then(over, over);
  // Reading `.body` makes a stream of it, which may cost its `Content-Length`: so only if asked.
  const body = exactEnd && request?.method !== "HEAD" ? response?.body : null;
  if (!body || body.locked) return response;
  return new Response(handOn(body, (end) => outcome = end), response);
}

/** A request that is closed refuses to tell its address. */
function isClosed(info: ServeHandlerInfo): boolean {
  try {
    return info.remoteAddr === undefined;
  } catch {
    return true;
  }
}
