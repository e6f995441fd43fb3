import { type BodyState, isInMemory, stateOf } from "./body_state.ts";
import { handOn } from "./hand_on.ts";
import { Sending } from "./poller.ts";
import type { ResponseOutcome } from "../task/policy.ts";
import {
  type Exchange,
  lendsByteReader,
  type ResponseEndListener,
  type ResponseEndSource,
} from "./response_end_source.ts";
import { IS_DENO } from "./runtime.ts";

/** Of the runtime itself, even where a test replaces it. */
const now = performance.now.bind(performance);

/** A stream that nobody has begun to read after this many milliseconds was dropped. */
const UNREAD = 1_000;

/** The same where the stream may be a body in memory, which a test of an app never reads. */
const UNREAD_BYTES = 50;

/**
 * No server was handed over: a route of Next, a request that was made anew, a unix socket on Bun, a
 * test that calls the handler itself. A body that is shown to be in memory is over after two turns,
 * any other when it has been read to its end, has failed or was cancelled. Whoever reads it, the
 * stream itself tells; where it does not, it is handed on chunk by chunk.
 */
export const standard: ResponseEndSource = { responseEnd };

function responseEnd(
  listener: ResponseEndListener,
  { request, response, hasLeft }: Exchange,
): Response | undefined {
  const inMemory = response && isInMemory(response);
  const body = inMemory || request?.method === "HEAD"
    ? undefined
    : response?.body;
  // the app itself reads a body that is locked before it has left
  if (response === undefined || !body || body.locked && !hasLeft) {
    listener.responseEnded("unknown", 2);
    return response;
  }
  const state = stateOf(body);
  if (state === undefined && !hasLeft) {
    return handOn(response, (outcome) => listener.responseEnded(outcome, 2));
  }
  if (state !== "readable") listener.responseEnded("unknown", 2);
  else {
    // Deno's signal aborts after a success too, and reading it prints a warning
    const signal = IS_DENO ? undefined : request?.signal;
    const mayBeMemory = inMemory === undefined && !body.locked &&
      lendsByteReader(body);
    new Body(listener, body, signal, mayBeMemory ? UNREAD_BYTES : UNREAD);
  }
  return response;
}

/** A body that its host reads. */
class Body extends Sending {
  readonly #body: ReadableStream<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  readonly #unreadAt: number;

  constructor(
    listener: ResponseEndListener,
    body: ReadableStream<Uint8Array>,
    signal: AbortSignal | undefined,
    patience: number,
  ) {
    super(listener);
    this.#body = body;
    this.#signal = signal;
    this.#unreadAt = now() + patience;
  }

  /** A host may leave the body of a client that has left as it is. */
  get isOver(): boolean {
    const body = this.#body;
    return this.#signal?.aborted === true || stateOf(body) !== "readable" ||
      !body.locked && now() > this.#unreadAt;
  }

  get outcome(): ResponseOutcome {
    if (this.#signal?.aborted) return "aborted";
    return stateOf(this.#body) === "errored" ? "errored" : "unknown";
  }
}
