import { stateOf } from "./body_state.ts";
import type { ResponseOutcome } from "../task/task_run.ts";
import type {
  Exchange,
  ResponseEndListener,
  ResponseEndSource,
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

/** The longest sleep between two looks at a body that has already been returned, in milliseconds. */
const LONGEST_SLEEP = 20;

/** Statuses whose response has no body. */
const BODILESS = new Set([101, 204, 205, 304]);

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
  const over = (outcome: ResponseOutcome): void => {
    setTimeout(() => listener.responseEnded(outcome, 0), 1);
  };
  // one timer turn more: the last block of the copy may still wait for the client
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
