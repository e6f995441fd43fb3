import type { ResponseOutcome } from "../task/task_run.ts";
import { bodyOf, IN_MEMORY, stateOf } from "./body_state.ts";
import { handOn } from "./hand_on.ts";
import { Sending } from "./poller.ts";
import {
  type Exchange,
  type ResponseEndListener,
  type ResponseEndSource,
  UNREAD,
} from "./response_end_source.ts";
import { IS_DENO } from "./runtime.ts";

/** The clock of the runtime, even where a test replaces `performance`. */
const now = performance.now.bind(performance);

/** `UNREAD`, where the stream may be a body in memory, which a test of an app never reads. */
const UNREAD_BYTES = 50;

/**
 * No server was handed over: a route of Next, a request that was made anew, a unix socket on Bun, a
 * test that calls the handler itself. A body that the runtime shows to be in memory is over after two
 * turns. Any other body is over when it has been read to its end, has failed or was cancelled. Where
 * the runtime shows the state of a stream, the stream itself tells; elsewhere the body is passed on
 * chunk by chunk.
 */
export const standard: ResponseEndSource = { responseEnd };

function responseEnd(
  listener: ResponseEndListener,
  { request, response, hasLeft }: Exchange,
): Response | undefined {
  const isHead = request?.method === "HEAD";
  const { stream, mayBeInMemory } = response && !isHead
    ? bodyOf(response)
    : IN_MEMORY;
  // a stream that is locked before the response was returned is read by the app itself
  if (!response || !stream || stream.locked && !hasLeft) {
    listener.responseEnded("unknown", 2);
    return response;
  }
  const state = stateOf(stream);
  if (state === undefined && !hasLeft) {
    return handOn(response, (outcome) => listener.responseEnded(outcome, 2));
  }
  if (state === "readable") {
    // Deno's signal aborts after a success too, and reading it prints a warning
    const signal = IS_DENO ? undefined : request?.signal;
    const patience = mayBeInMemory ? UNREAD_BYTES : UNREAD;
    new SentBody(listener, stream, signal, patience);
  } else listener.responseEnded("unknown", 2);
  return response;
}

/** A body that its host reads. */
class SentBody extends Sending {
  readonly #body: ReadableStream<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  readonly #unreadAt: number;
  #isRead = false;

  constructor(
    listener: ResponseEndListener,
    body: ReadableStream<Uint8Array>,
    signal: AbortSignal | undefined,
    patience: number,
  ) {
    super(listener, 2); // a body that has been read has yet to be sent
    this.#body = body;
    this.#signal = signal;
    this.#unreadAt = now() + patience;
  }

  /**
   * A body that was read to its end counts as over only at the next look, because a host may still
   * hold back what it has read: `@hono/node-server` waits a millisecond for the rest.
   */
  get isOver(): boolean {
    const wasRead = this.#isRead;
    this.#isRead ||= stateOf(this.#body) !== "readable";
    return wasRead || this.#isLeftAlone;
  }

  /** A host may leave the body as it is when its client has left, or when there is no client. */
  get #isLeftAlone(): boolean {
    return this.#signal?.aborted === true ||
      !this.#body.locked && now() > this.#unreadAt;
  }

  get outcome(): ResponseOutcome {
    if (stateOf(this.#body) === "errored") return "errored";
    return this.#signal?.aborted ? "aborted" : "unknown";
  }
}
