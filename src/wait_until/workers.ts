import { property } from "../check/property.ts";
import { IS_WORKERS } from "../response_end/runtime.ts";
import {
  type TimeLimit,
  type WaitUntil,
  type WaitUntilHints,
  waitUntilOf,
  type WaitUntilSource,
} from "./wait_until_source.ts";

/** How long work may go on after the response, in milliseconds. workerd itself does not end it. */
const LIFETIME = 30_000;

/**
 * Cloudflare Workers.
 *
 * Work outside `waitUntil` ends with the response; work inside it ends 30 seconds later at the latest.
 * This holds for modules, for the service worker format, where the event is the execution context,
 * and for Pages Functions, whose `onRequest` context is one. An app that was called without an
 * execution context, as `app.fetch(request, env)`, is kept alive by the `waitUntil` of
 * `cloudflare:workers`, which is found with the `nodejs_compat` flag.
 *
 * A Durable Object lives for as long as it has work to do: there, the execution context is its state,
 * and nothing ends what is in its `waitUntil`.
 *
 * Shape: `ExecutionContext` in `src/workerd/api/global-scope.h` and `waitUntil` in
 * `src/cloudflare/workers.ts` of cloudflare/workerd; `handle` in
 * `src/adapter/cloudflare-pages/handler.ts` of honojs/hono.
 */
export const workers: WaitUntilSource = {
  name: "cloudflare-workers",
  findWaitUntil,
  timeLimit,
};

function findWaitUntil(
  { executionContext }: WaitUntilHints,
): WaitUntil | undefined {
  if (!IS_WORKERS) return undefined;
  const globals = globalThis as {
    process?: { getBuiltinModule?(name: string): unknown };
  };
  // `process` is read last: the first read loads it, for 5 ms of a cold start
  return waitUntilOf(executionContext) ??
    waitUntilOf(globals.process?.getBuiltinModule?.("cloudflare:workers"));
}

function timeLimit(
  { executionContext }: WaitUntilHints,
): TimeLimit | undefined {
  if (!IS_WORKERS || isDurableObject(executionContext)) return undefined;
  return { lifetime: LIFETIME };
}

/** Whether an execution context is the state of a Durable Object, which has a lock of its own. */
function isDurableObject(executionContext: unknown): boolean {
  return property(executionContext, "blockConcurrencyWhile") !== undefined;
}
