import { describeValue } from "../check/check.ts";
import { checkOptions, type Rules } from "../check/rules.ts";
import { WAIT_UNTIL } from "../wait_until/resolve_wait_until.ts";
import type { WaitUntil } from "../wait_until/wait_until_source.ts";
import type { RequestContext } from "./request_context.ts";

/** What `run` wants to know of where it is called. */
export interface RunContext {
  /**
   * Keeps the platform alive until the tasks have ended: `(promise) => ctx.waitUntil(promise)`.
   *
   * @default {undefined} (the runner of the process keeps the work)
   */
  readonly waitUntil?: WaitUntil;
  /**
   * What the runtime handed to the handler beside its event: Workers' env, Deno's info, Bun's server,
   * Node's `{ incoming, outgoing }`.
   */
  readonly platform?: unknown;
}

/** What `runAfter` wants to know of the request. */
export interface RunAfterContext extends RunContext {
  /** The request the response answers. */
  readonly request?: Request;
}

/** The options of `run()`. */
const RUN: Rules = { waitUntil: WAIT_UNTIL, platform: undefined };

/** A request without a front door. */
export interface Attached {
  readonly context: RequestContext;
  readonly request: Request | undefined;
  readonly waitUntil: WaitUntil | undefined;
}

/**
 * Reads what `runAfter` was called with.
 *
 * @param response The response as the user wrote it.
 * @param context What is known of the request, as the user wrote it.
 * @throws {TypeError} If the response is none, or an option is unknown or of the wrong kind.
 */
export function readRunAfter(
  response: unknown,
  context: RunAfterContext | undefined,
): Attached {
  if (typeof (response as Response | undefined)?.status !== "number") {
    throw new TypeError(
      `Cannot run tasks after ${
        describeValue(response)
      }: write runAfter(response, { request }); for work without a response, write await tasks.run()`,
    );
  }
  return read("runAfter option", context, {
    request: undefined,
    ...RUN,
  });
}

/**
 * Reads what `run` was called with.
 *
 * @param context What is known of where it is called, as the user wrote it.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 */
export function readRun(context: RunContext | undefined): Attached {
  return read("run option", context, RUN);
}

function read(
  kind: string,
  options: RunAfterContext | undefined,
  rules: Rules,
): Attached {
  if (options !== undefined) checkOptions(kind, options, rules);
  const { request, waitUntil, platform } = options ?? {};
  const context = { env: platform, executionCtx: undefined, error: undefined };
  return { context, request, waitUntil };
}
