import { bun } from "./bun.ts";
import { deno } from "./deno.ts";
import { node } from "./node.ts";
import { handedToSrvx } from "./srvx.ts";
import { standard } from "./standard.ts";
import type { Exchange, ResponseEndListener } from "./response_end_source.ts";
import { IS_BUN, MAY_BE_WORKERS } from "./runtime.ts";
import { workers } from "./workers.ts";

/**
 * Tells when a response has ended: when everything was handed to the connection, or when the
 * client left. What this means on each runtime, and what it cannot see, is said in its file.
 *
 * @param listener Who is told.
 * @param exchange The request and its response.
 * @param platform What the runtime handed over beside the request.
 * @returns The response to return instead, which is the same one wherever the runtime can tell.
 */
export function responseEnd(
  listener: ResponseEndListener,
  exchange: Exchange,
  platform: unknown,
): Response | undefined {
  // a look at each, the most exact first: a loop over them costs a busy server a tenth of a µs
  const outgoing = node.find(platform);
  if (outgoing !== undefined) {
    return node.responseEnd(listener, exchange, outgoing);
  }
  const info = deno.find(platform);
  if (info !== undefined) return deno.responseEnd(listener, exchange, info);
  const server = bun.find(platform);
  if (server !== undefined) return bun.responseEnd(listener, exchange, server);
  const inner = handedToSrvx(exchange.request);
  if (inner !== undefined && inner !== platform) {
    return responseEnd(listener, exchange, inner);
  }
  if (IS_BUN) return bun.responseEnd(listener, exchange, undefined);
  const source = MAY_BE_WORKERS ? workers : standard;
  return source.responseEnd(listener, exchange);
}
