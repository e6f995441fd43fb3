import { property } from "../check/property.ts";
import {
  type TimeLimit,
  type WaitUntilHints,
  waitUntilOf,
  type WaitUntilSource,
} from "./wait_until_source.ts";

/** Where the platform, and the package that reads it, keep the context of a request. */
export const REQUEST_CONTEXT: unique symbol = Symbol.for(
  "@vercel/request-context",
);

/** What is read of the global object. */
interface Globals {
  readonly EdgeRuntime?: unknown;
  readonly [REQUEST_CONTEXT]?: { get?(): unknown };
}

/**
 * Vercel, on every runtime of it: the request context, with the moment the function is ended beside
 * the `waitUntil`. Where that has none, the context a web handler gets second, which is `c.env` in
 * Hono; it is looked into only where this is Vercel, of which its edge runtime gives one more sign:
 * there, `EdgeRuntime` is a string.
 *
 * Shape: `packages/functions/src/get-context.ts`, `wait-until.ts` and `deadline.ts`, and for the web
 * handler `packages/node/src/serverless-functions/helpers-web.ts`, of vercel/vercel.
 */
export const vercel: WaitUntilSource = {
  name: "vercel",
  findWaitUntil({ platform }: WaitUntilHints) {
    const { EdgeRuntime, [REQUEST_CONTEXT]: source } = globalThis as Globals;
    if (source === undefined && typeof EdgeRuntime !== "string") {
      return undefined;
    }
    return waitUntilOf(source?.get?.()) ?? waitUntilOf(platform);
  },
  timeLimit(): TimeLimit | undefined {
    const { [REQUEST_CONTEXT]: source } = globalThis as Globals;
    const text = property(source?.get?.(), "deadline");
    const deadline = typeof text === "string" ? Date.parse(text) : NaN;
    return Number.isNaN(deadline) ? undefined : { deadline };
  },
};
