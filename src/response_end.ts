import { bun } from "./platforms/bun.ts";
import { deno } from "./platforms/deno.ts";
import { node } from "./platforms/node.ts";
import { standard } from "./platforms/standard.ts";
import type { Exchange, ResponseEndListener } from "./platforms/types.ts";
import { workers } from "./platforms/workers.ts";

/**
 * Tells when a response has ended: when everything was handed to the connection, or when the
 * client left. What this means on each runtime, and what it cannot see, is said in its file.
 *
 * @param exchange The request, the response, and what the runtime handed over beside them.
 * @param listener Who is told.
 * @returns The response to return instead, which is the same one wherever the runtime can tell.
 */
export function responseEnd(
  exchange: Exchange,
  listener: ResponseEndListener,
): Response | undefined {
  // the most exact first, and no loop: where each call is always the same one it costs less
  if (node.canTell(exchange)) return node.responseEnd(exchange, listener);
  if (deno.canTell(exchange)) return deno.responseEnd(exchange, listener);
  if (bun.canTell(exchange)) return bun.responseEnd(exchange, listener);
  if (workers.canTell(exchange)) return workers.responseEnd(exchange, listener);
  return standard.responseEnd(exchange, listener);
}
