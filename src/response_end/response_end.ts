import { bun, IS_BUN } from "./bun.ts";
import { deno } from "./deno.ts";
import { node } from "./node.ts";
import { handedToSrvx } from "../wait_until/srvx.ts";
import { standard } from "./standard.ts";
import type { Exchange, ResponseEndListener } from "./response_end_source.ts";
import { MAY_BE_WORKERS, workers } from "./workers.ts";

/**
 * Tells when a response has ended: when everything was handed to the connection, or when the
 * client left. What this means on each runtime, and what it cannot see, is said in its file.
 *
 * @param exchange The request, the response, and what the runtime handed over beside them.
 * @param listener Who is told.
 * @param platform What the runtime handed over, where that is not found in the exchange.
 * @returns The response to return instead, which is the same one wherever the runtime can tell.
 */
export function responseEnd(
  exchange: Exchange,
  listener: ResponseEndListener,
  platform: unknown = exchange.platform,
): Response | undefined {
  // a look at each, the most exact first: a loop over them costs a busy server a tenth of a µs
  const outgoing = node.find(platform);
  if (outgoing !== undefined) {
    return node.responseEnd(exchange, listener, outgoing);
  }
  const info = deno.find(platform);
  if (info !== undefined) return deno.responseEnd(exchange, listener, info);
  const server = bun.find(platform);
  if (server !== undefined) return bun.responseEnd(exchange, listener, server);
  const inner = handedToSrvx(exchange.request);
  if (inner !== undefined && inner !== platform) {
    return responseEnd(exchange, listener, inner);
  }
  if (IS_BUN) return bun.responseEnd(exchange, listener, undefined);
  const source = MAY_BE_WORKERS ? workers : standard;
  return source.responseEnd(exchange, listener);
}
