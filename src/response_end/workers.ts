import type { ResponseOutcome } from "../task/task_run.ts";
import { stateOf } from "./body_state.ts";
import {
  type Exchange,
  type ResponseEndListener,
  type ResponseEndSource,
  UNREAD,
} from "./response_end_source.ts";
import {
  copy,
  isJavaScriptStream,
  lengthOf,
  pipe,
  showsLength,
} from "./workers_copy.ts";

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

/** What the kernel takes at once of a body, in bytes, where the client takes little at a time. */
const AT_ONCE = 48 * 1024;

/** The sleep between two looks at a body that has already been returned, in milliseconds. */
const SLEEP = 10;

/**
 * Cloudflare Workers: nothing tells when a response has left. So a body is copied into a native
 * stream, and the response is over when the copy is.
 *
 * Two kinds of body are not copied. One is a short body without a stated length, such as a body held in
 * memory. The other is an encoded body of unknown length, such as the compressed one of another server:
 * the copy would decode it and encode it once more. Their response counts as over one timer turn after
 * the front door has returned, whatever outer middleware does.
 *
 * Timers are not shared between requests: workerd forbids it.
 */
export const workers: ResponseEndSource = { responseEnd };

function responseEnd(
  listener: ResponseEndListener,
  { request, response, hasLeft }: Exchange,
): Response | undefined {
  // Hono answers `HEAD` by dropping the body of `GET`
  const body = request?.method === "HEAD" ? null : response?.body;
  const through = !hasLeft && body && passage(body, response!);
  if (!through) {
    wait(hasLeft && body, listener, request?.signal);
    return response;
  }
  const { readable, writable } = through;
  const returned = new Response(readable, response);
  const send = isJavaScriptStream(body) ? pipe : copy;
  new Promise<ResponseOutcome>((resolve) => {
    send(body, writable, request?.signal).then(resolve);
    setTimeout(() => readable.locked || resolve("unknown"), UNREAD); // it was dropped
  }).then((outcome) => {
    // one turn more: the last block of the copy may still wait for the client
    listener.responseEnded(outcome, 2);
  });
  return returned;
}

/**
 * Waits for a body that has left: a stream made in JS tells its state. When its client has left, it
 * tells nothing, and stays locked: then `signal` aborts where the Worker has the flag for it, and
 * elsewhere the wait is over before the platform ends the work.
 *
 * @param patience For so many milliseconds more nobody need have begun to read the body; its end is
 * waited for 20 times as long.
 */
function wait(
  body: ReadableStream<Uint8Array> | false | null | undefined,
  listener: ResponseEndListener,
  signal: AbortSignal | undefined,
  patience = UNREAD,
): void {
  if (
    body && patience > 0 && !signal?.aborted && stateOf(body) === "readable"
  ) {
    const left = patience - SLEEP / (body.locked ? 20 : 1);
    setTimeout(wait, SLEEP, body, listener, signal, left);
  } else listener.responseEnded("unknown", 1);
}

/** The stream to copy a body into, where that changes nothing. */
function passage(
  body: ReadableStream<Uint8Array>,
  { bodyUsed, headers }: Response,
): TransformStream<Uint8Array, Uint8Array> | undefined {
  if (body.locked || bodyUsed) return undefined;
  // workerd ignores the length an app states for a stream made in JS, and sends chunks
  if (isJavaScriptStream(body)) return new IdentityTransformStream!();
  if (!showsLength) return undefined; // it may be a body in memory
  const length = lengthOf(body);
  if (length === undefined) {
    // the length is hidden where workerd would decode the body to copy it
    return headers.has("content-encoding")
      ? undefined
      : new IdentityTransformStream!();
  }
  // `length` is the true length, whatever the header says. Without a header a short stream looks
  // like a body in memory
  return length > AT_ONCE || headers.has("content-length")
    ? new FixedLengthStream!(length)
    : undefined;
}
