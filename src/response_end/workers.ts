import { stateOf } from "./body_state.ts";
import type { ResponseOutcome } from "../task/policy.ts";
import {
  type Exchange,
  lendsByteReader,
  type ResponseEndListener,
  type ResponseEndSource,
} from "./response_end_source.ts";

/** The streams of workerd that are used here: native ones, so that the pipe stays out of JS. */
interface WorkersStreams {
  readonly IdentityTransformStream?: new () => TransformStream<
    Uint8Array,
    Uint8Array
  >;
  readonly FixedLengthStream?: new (
    length: number,
  ) => TransformStream<Uint8Array, Uint8Array>;
}

const { IdentityTransformStream, FixedLengthStream } =
  globalThis as WorkersStreams;

/**
 * What workerd tells `inspect` of `node:util` about a stream: whether it lends a byte reader, and how
 * long it is. Asking was measured to take a fifth less CPU time for a request with a task than to take
 * such a reader: when that is given back, an error is made, with its stack trace.
 */
const [SUPPORTS_BYOB, LENGTH] = ["supportsBYOB", "length"].map((name) =>
  IdentityTransformStream &&
  Object.getOwnPropertySymbols(ReadableStream.prototype)
    .find(({ description }) => description === name)
);

/** How much is copied at once at most, in bytes: with less a large body takes noticeably longer. */
const BLOCK = 512 * 1024;

/** The same, of a stream whose length nobody knows: often one that lasts, and sends little. */
const BLOCK_OF_UNKNOWN = 64 * 1024;

/** What the kernel takes at once of a body, in bytes, where the client takes little at a time. */
const AT_ONCE = 48 * 1024;

/** How long is slept between two looks at a body that has left, in milliseconds. */
const LONGEST_SLEEP = 20;

/** Statuses whose response has no body. */
const BODILESS = new Set([101, 204, 205, 304]);

/**
 * Cloudflare Workers: nothing tells when a response has left, so a body is copied into a native
 * stream and is over when the copy is. What the copy would change is left alone, and over a timer
 * turn after the front door has returned, whatever middleware outside it still does: a body without
 * a stated length that is short enough to leave at once, such as one held in memory, and one that is
 * encoded already, such as the compressed one of another server, which would be encoded once more.
 *
 * Timers are not shared between requests: workerd forbids it.
 */
export const workers: ResponseEndSource = { responseEnd };

function responseEnd(
  listener: ResponseEndListener,
  { request, response, hasLeft }: Exchange,
): Response | undefined {
  const over = (outcome: ResponseOutcome): void => {
    setTimeout(() => listener.responseEnded(outcome, 0), 1);
  };
  // the last block may still wait for the client
  const copied = (outcome: ResponseOutcome): void => {
    setTimeout(over, 1, outcome);
  };
  if (hasLeft) {
    wait(response, over);
    return response;
  }
  const through = response && passage(request, response);
  if (!response?.body || through === undefined) {
    over("unknown");
    return response;
  }
  const { body } = response;
  const returned = new Response(through.readable, response);
  const send = isJavaScriptStream(body) ? pipe : copy;
  send(body, through.writable, request?.signal).then(copied);
  return returned;
}

/** Waits for a body that has left: a stream made in JS tells its state. */
function wait(
  response: Response | undefined,
  over: (outcome: ResponseOutcome) => void,
  sleep = 1,
): void {
  const state = response?.body && stateOf(response.body);
  if (state !== "readable") over("unknown");
  else {
    const next = Math.min(sleep * 2, LONGEST_SLEEP);
    setTimeout(() => wait(response, over, next), sleep);
  }
}

/** The stream to copy a body into, where that changes nothing. */
function passage(
  request: Request | undefined,
  { body, bodyUsed, headers, status }: Response,
): TransformStream<Uint8Array, Uint8Array> | undefined {
  if (
    request?.method === "HEAD" || BODILESS.has(status) || !body ||
    body.locked || bodyUsed
  ) return undefined;
  // workerd ignores the length an app states for a stream made in JS, and sends chunks
  if (isJavaScriptStream(body)) return new IdentityTransformStream!();
  // it may be held in memory; it may be encoded already
  if (LENGTH === undefined || headers.has("content-encoding")) return undefined;
  const length = Reflect.get(body, LENGTH);
  if (length === undefined) return new IdentityTransformStream!();
  // the true one, whatever the header says; without a header nothing tells a stream from memory
  return length > AT_ONCE || headers.has("content-length")
    ? new FixedLengthStream!(length)
    : undefined;
}

/** A stream made in JS refuses a byte reader, unless it was made as a byte stream. */
function isJavaScriptStream(body: ReadableStream<Uint8Array>): boolean {
  return SUPPORTS_BYOB === undefined
    ? !lendsByteReader(body)
    : Reflect.get(body, SUPPORTS_BYOB) === false;
}

/**
 * Pipes a stream made in JS; tells how that ended, and never rejects.
 *
 * @param signal Aborted when the client leaves, where the Worker has the flag for it: a stream that
 * has nothing to send never learns it otherwise.
 */
function pipe(
  from: ReadableStream<Uint8Array>,
  to: WritableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<ResponseOutcome> {
  return new Promise((resolve) => {
    // workerd looks at the signal of a pipe when the next chunk comes, if ever
    signal?.addEventListener("abort", () => resolve("aborted"));
    from.pipeTo(to, signal && { signal }).then(
      () => resolve("sent"),
      // a source that failed keeps its error; one that was cancelled is closed
      () =>
        from.getReader().closed.then(
          () => resolve("aborted"),
          () => resolve("errored"),
        ),
    );
  });
}

/**
 * Copies a native stream, in blocks: workerd itself refuses to pipe most of them into another one,
 * such as what `HTMLRewriter`, `clone()` and a `FixedLengthStream` give.
 *
 * @returns How that ended. Never rejects.
 */
async function copy(
  from: ReadableStream<Uint8Array>,
  to: WritableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<ResponseOutcome> {
  const reader = from.getReader({ mode: "byob" });
  const writer = to.getWriter();
  writer.closed.catch(() => {}); // a write that fails tells the same
  signal?.addEventListener("abort", () => {
    reader.cancel(signal.reason).catch(() => {});
  });
  const length = Number(Reflect.get(from, LENGTH!) ?? BLOCK_OF_UNKNOWN);
  let buffer = new ArrayBuffer(Math.min(length, BLOCK) || 1);
  let outcome: ResponseOutcome = "errored"; // while it is read
  try {
    while (true) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      outcome = "aborted"; // while it is written
      if (done) break;
      await writer.write(value);
      buffer = value.buffer;
      outcome = "errored";
    }
    signal?.throwIfAborted();
    await writer.close();
    return "sent";
  } catch (error) {
    for (const end of [reader.cancel(error), writer.abort(error)]) {
      end.catch(() => {});
    }
    return signal?.aborted ? "aborted" : outcome;
  }
}
