import { bun } from "./bun.ts";
import { deno } from "./deno.ts";
import { node } from "./node.ts";
import { handedToSrvx } from "./srvx.ts";
import { standard } from "./standard.ts";
import type { Exchange, ResponseEndListener } from "./response_end_source.ts";
import { MAY_BE_WORKERS } from "./runtime.ts";
import { workers } from "./workers.ts";

/**
 * Tells when a response has ended: when everything was handed to the connection, or when the client
 * left. The file of each runtime says what that means there, and what cannot be seen.
 *
 * @param listener The listener to tell, once.
 * @param exchange The request and its response.
 * @param platform What the runtime handed over beside the request.
 * @returns The response to return instead, which is the same one wherever the runtime can tell.
 */
export function responseEnd(
  listener: ResponseEndListener,
  exchange: Exchange,
  platform: unknown,
): Response | undefined {
  try {
    return endOf(listener, exchange, platform);
  } catch {
    // the response cannot be copied: it has a status `Response` refuses, or is no `Response`. It is
    // returned unchanged
    listener.responseEnded("unknown", 2);
    return exchange.response;
  }
}

function endOf(
  listener: ResponseEndListener,
  exchange: Exchange,
  platform: unknown,
): Response | undefined {
  // a binding of a Worker may have any name, and a service among them a method of any name
  if (MAY_BE_WORKERS) return workers.responseEnd(listener, exchange);
  const { request } = exchange;
  // a look at each, the most exact first: a loop over them costs a busy server a tenth of a µs
  const outgoing = node.find(platform, request);
  if (outgoing !== undefined) {
    return node.responseEnd(listener, exchange, outgoing);
  }
  const info = deno.find(platform, request);
  if (info !== undefined) return deno.responseEnd(listener, exchange, info);
  const server = bun.find(platform, request);
  if (server !== undefined) return bun.responseEnd(listener, exchange, server);
  const inner = handedToSrvx(request);
  return inner === undefined || inner === platform
    ? standard.responseEnd(listener, exchange)
    : endOf(listener, exchange, inner);
}
