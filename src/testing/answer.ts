import { describeValue } from "../check/check.ts";
import { tagOf } from "../check/format.ts";
import type { ResponseOutcome } from "../task/task_run.ts";
import { nextTurn } from "./next_turn.ts";
import type { TimeLimit } from "./time_limit.ts";
import type { FetchApp } from "./test_client_options.ts";

/** What an app answers, its body read, or what it throws. */
export type Answer = { readonly response: Response } | {
  readonly error: unknown;
};

/** Told how far a response has come. */
interface ResponseProgress {
  /** The app has answered: the body is being read. */
  answered(): void;
  /** The response has been read to its end, or there is no response. */
  over(outcome: ResponseOutcome): Promise<void>;
}

/**
 * Calls an app and reads what it answers, as a client does; either way the response is over then.
 *
 * @param call Calls the app.
 * @param progress Is told of it.
 * @param signal When the client leaves.
 * @param limit When it leaves without a signal.
 * @returns What it answers or throws.
 */
export async function answerOf(
  call: () => Promise<Response>,
  progress: ResponseProgress,
  signal: AbortSignal | undefined,
  limit: TimeLimit,
): Promise<Answer> {
  let outcome: ResponseOutcome = "unknown";
  try {
    const response = await call();
    progress.answered();
    outcome = "errored";
    if (signal?.aborted) { // nobody is there to read it
      await response.body?.cancel(signal.reason);
      outcome = "aborted";
      return { error: signal.reason };
    }
    const read = await readBody(response, signal, limit);
    outcome = read.hasLeft ? "aborted" : "sent";
    return read;
  } catch (error) {
    return { error };
  } finally {
    await progress.over(outcome);
  }
}

/**
 * Calls the fetch handler of an app.
 *
 * @param app The app.
 * @param request What the runtime hands it.
 * @param platform What it hands it beside the request.
 * @returns Its response; that to a HEAD has no body, as servers drop it.
 * @throws {TypeError} If it returns none.
 */
export async function callApp(
  app: FetchApp,
  request: Request,
  ...platform: unknown[]
): Promise<Response> {
  const response = await app.fetch(request, ...platform as never[]);
  // not by its class: a server may have put one of its own in the place of `Response`
  if (typeof response?.status !== "number") {
    throw new TypeError(
      `Cannot read ${
        describeValue(response)
      } as a response: the fetch handler must return a Response`,
    );
  }
  if (request.method !== "HEAD") return response;
  await response.body?.cancel();
  return new Response(null, response);
}

/** A response that can be read once more, and whether its client left before its end. */
interface ReadResponse {
  readonly response: Response;
  readonly hasLeft: boolean;
}

async function readBody(
  response: Response,
  signal: AbortSignal | undefined,
  limit: TimeLimit,
): Promise<ReadResponse> {
  if (response.body === null) return { response, hasLeft: false };
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = response.body.getReader();
  let hasLeft = false;
  const leave = (): void => {
    hasLeft = true;
    reader.cancel(signal?.reason).catch(() => {}); // a source that fails to stop
  };
  signal?.addEventListener("abort", leave, { once: true });
  try {
    for (let reads = 1;; reads++) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(bytesOf(value));
      if (reads % READS === 0) await nextTurn();
      if (limit.isReached) leave();
    }
  } finally {
    signal?.removeEventListener("abort", leave);
  }
  return { response: new Response(joined(chunks), response), hasLeft };
}

/** All bytes in one piece: a `Blob` of many small ones takes long to read. */
function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** After so many reads timers get a turn: a source that never waits would keep all of them waiting. */
const READS = 64;

/** What a stream gave, as it was then. */
function bytesOf(value: unknown): Uint8Array<ArrayBuffer> {
  // not by its class: jsdom has one of its own
  if (tagOf(value as object) === "Uint8Array") {
    return new Uint8Array(value as Uint8Array);
  }
  if (typeof value === "string" && "Bun" in globalThis) {
    return new TextEncoder().encode(value);
  }
  throw new TypeError(
    `Cannot read ${
      describeValue(value)
    } of a body: a stream of a response must give bytes`,
  );
}
