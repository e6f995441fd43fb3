import { handOn } from "./hand_on.ts";
import type { ResponseOutcome } from "../task/task_run.ts";
import {
  type Exchange,
  lendsByteReader,
  type ResponseEndListener,
  type ResponseEndSource,
} from "./response_end_source.ts";

/**
 * Any other runtime, and a test that calls the handler itself: two turns for a body held in memory.
 * A stream is handed on chunk by chunk, and is over when it ends, fails or is cancelled, or when
 * nobody begins to read it.
 */
export const standard: ResponseEndSource = { responseEnd };

function responseEnd(
  listener: ResponseEndListener,
  { request, response }: Exchange,
): Response | undefined {
  const over = (outcome: ResponseOutcome): void =>
    listener.responseEnded(outcome, 2);
  if (
    response === undefined || request?.method === "HEAD" ||
    !isStream(response.body)
  ) {
    over("unknown");
    return response;
  }
  return new Response(handOn(response.body, over), response);
}

/**
 * A body held in memory lends a byte reader; a stream made in JS refuses one. Deno refuses it for
 * both, so there, without its info, every body is taken for one held in memory.
 */
function isStream(
  body: ReadableStream<Uint8Array> | null,
): body is ReadableStream<Uint8Array> {
  if (body === null || body.locked || "Deno" in globalThis) return false;
  return !lendsByteReader(body);
}
