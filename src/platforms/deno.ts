import type { ResponseOutcome } from "../task_options.ts";
import { nextTurn } from "../turn.ts";
import { type Exchange, property, type ResponseEndSource } from "./types.ts";

/** The members of Deno's `ServeHandlerInfo` that are read here. */
interface ServeHandlerInfo {
  readonly completed: Promise<void>;
  readonly remoteAddr: unknown;
}

/**
 * Deno: the response is over when `info.completed` settles, either way, and two timer ticks have
 * passed. It must be read while the handler runs: read later it may never settle. For a body held
 * in memory it settles just before the bytes are written, which the ticks cover up to what the
 * kernel takes at once.
 */
export const deno: ResponseEndSource = { canTell, responseEnd };

function canTell(exchange: Exchange): boolean {
  return infoOf(exchange) !== undefined;
}

function responseEnd(
  exchange: Exchange,
  ended: (outcome: ResponseOutcome) => void,
): Response | undefined {
  const info = infoOf(exchange)!;
  const over = (): void => nextTurn(() => nextTurn(() => ended("unknown")));
  if (isClosed(info)) over();
  else info.completed.then(over, over);
  return exchange.response;
}

/** `Deno.serve` hands over the info itself; srvx puts it on the request. */
function infoOf({ platform, request }: Exchange): ServeHandlerInfo | undefined {
  const info = property(platform, "remoteAddr") === undefined
    ? property(property(property(request, "runtime"), "deno"), "info")
    : platform;
  return property(info, "completed") instanceof Promise
    ? info as ServeHandlerInfo
    : undefined;
}

/** A request that is closed refuses to tell its address. */
function isClosed(info: ServeHandlerInfo): boolean {
  try {
    return info.remoteAddr === undefined;
  } catch {
    return true;
  }
}
