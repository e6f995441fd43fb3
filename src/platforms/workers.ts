import type { ResponseOutcome } from "../task_options.ts";
import {
  type Exchange,
  lendsByteReader,
  type ResponseEndListener,
  type ResponseEndSource,
  type TimeLimit,
  type WaitUntil,
  type WaitUntilHints,
  waitUntilOf,
  type WaitUntilSource,
} from "./types.ts";

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
 * By this symbol workerd tells `inspect` of `node:util` whether a stream lends a byte reader. Asking
 * it was measured to take a fifth less CPU time for a request with a task than to take such a reader:
 * when that is given back, an error is made, with its stack trace.
 */
const SUPPORTS_BYOB = IdentityTransformStream &&
  Object.getOwnPropertySymbols(ReadableStream.prototype)
    .find(({ description }) => description === "supportsBYOB");

/** Whether this is Cloudflare's runtime, or one that imitates its streams. */
export const MAY_BE_WORKERS: boolean = Boolean(
  IdentityTransformStream && FixedLengthStream,
);

/** Cloudflare documents this way to recognize its runtime. */
export const IS_WORKERS: boolean =
  globalThis.navigator?.userAgent === "Cloudflare-Workers";

/** How long work may go on after the response, in milliseconds. workerd itself does not end it. */
const LIFETIME = 30_000;

/** Statuses whose response has no body. */
const BODILESS = new Set([101, 204, 205, 304]);

/**
 * Cloudflare Workers: nothing tells when a response has left, so a body that comes from a stream
 * is piped through a native stream and is over when the pipe is. A body of unknown length that is
 * held in memory is left alone, because a wrapper would cost its `Content-Length`; it is over a
 * timer turn after the front door has returned, whatever middleware outside it still does.
 *
 * Timers are not shared between requests: workerd forbids it.
 *
 * What is not in `waitUntil` dies with the response, and after 30 seconds so does what is, for
 * modules, for the service worker format, where the event is the execution context, and for Pages
 * Functions, whose `onRequest` context is one. An app that was called without it, as
 * `app.fetch(request, env)`, is kept alive by the `waitUntil` of `cloudflare:workers`, which is
 * found with the `nodejs_compat` flag.
 *
 * Shape: `ExecutionContext` in `src/workerd/api/global-scope.h` and `waitUntil` in
 * `src/cloudflare/workers.ts` of cloudflare/workerd; `handle` in
 * `src/adapter/cloudflare-pages/handler.ts` of honojs/hono.
 */
export const workers: ResponseEndSource & WaitUntilSource = {
  name: "cloudflare-workers",
  responseEnd,
  findWaitUntil,
  timeLimit,
};

function responseEnd(
  { request, response }: Exchange,
  listener: ResponseEndListener,
): Response | undefined {
  const over = (outcome: ResponseOutcome): void => {
    setTimeout(
      () => setTimeout(() => listener.responseEnded(outcome, 0), 0),
      1,
    );
  };
  const through = response === undefined
    ? undefined
    : passage(request, response);
  if (
    response === undefined || response.body === null || through === undefined
  ) {
    over("unknown");
    return response;
  }
  const { body } = response;
  body.pipeTo(through.writable).then(
    () => over("sent"),
    async () => over(await failedAtSource(body) ? "errored" : "aborted"),
  );
  return new Response(through.readable, response);
}

/** The stream to pipe a body through, where that loses nothing. */
function passage(
  request: Request | undefined,
  response: Response,
): TransformStream<Uint8Array, Uint8Array> | undefined {
  if (request?.method === "HEAD" || BODILESS.has(response.status)) {
    return undefined;
  }
  if (response.body === null || response.body.locked) return undefined;
  // workerd ignores the length an app states for a stream made in JS, and sends chunks
  if (isJavaScriptStream(response.body)) return new IdentityTransformStream!();
  const length = response.headers.get("content-length");
  return length === null ? undefined : new FixedLengthStream!(Number(length));
}

/** A stream made in JS refuses a byte reader, unless it was made as a byte stream. */
function isJavaScriptStream(body: ReadableStream<Uint8Array>): boolean {
  return SUPPORTS_BYOB === undefined
    ? !lendsByteReader(body)
    : Reflect.get(body, SUPPORTS_BYOB) === false;
}

/** After a failed pipe, a source that failed keeps its error; one that was cancelled is closed. */
async function failedAtSource(
  body: ReadableStream<Uint8Array>,
): Promise<boolean> {
  try {
    await body.getReader().closed;
    return false;
  } catch {
    return true;
  }
}

function findWaitUntil(
  { executionContext }: WaitUntilHints,
): WaitUntil | undefined {
  if (!IS_WORKERS) return undefined;
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): unknown };
  };
  return waitUntilOf(executionContext) ??
    waitUntilOf(process?.getBuiltinModule?.("cloudflare:workers"));
}

function timeLimit(): TimeLimit | undefined {
  return IS_WORKERS ? { lifetime: LIFETIME } : undefined;
}
