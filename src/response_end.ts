import { bun } from "./platforms/bun.ts";
import { deno } from "./platforms/deno.ts";
import { node } from "./platforms/node.ts";
import { standard } from "./platforms/standard.ts";
import type {
  Exchange,
  KnownOutcome,
  ResponseEndSource,
} from "./platforms/types.ts";
import { workers } from "./platforms/workers.ts";

/** Who can tell when a response has ended, the most exact first. */
const SOURCES: readonly ResponseEndSource[] = [
  node,
  deno,
  bun,
  workers,
];

/**
 * Tells when a response has ended: when everything was handed to the connection, or when the
 * client left. What this means on each runtime, and what it cannot see, is said in its file.
 *
 * @param exchange The request, the response, and what the runtime handed over beside them.
 * @param ended Called once, in a turn of the event loop of its own, without the request's async
 * context: it must not run a user's code.
 * @returns The response to return instead, which is the same one wherever the runtime can tell.
 */
export function responseEnd(
  exchange: Exchange,
  ended: (outcome: KnownOutcome) => void,
): Response | undefined {
  for (const source of SOURCES) {
    if (source.canTell(exchange)) return source.responseEnd(exchange, ended);
  }
  return standard.responseEnd(exchange, ended);
}
