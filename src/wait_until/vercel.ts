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

/** The properties of the global object that are read. */
interface Globals {
  readonly EdgeRuntime?: unknown;
  readonly [REQUEST_CONTEXT]?: { get?(): unknown };
}

/**
 * Vercel, on all its runtimes: the request context has the `waitUntil`, and the moment when Vercel
 * ends the function. Where the request context has no `waitUntil`, the second argument of a web
 * handler may have one; in Hono it is `c.env`. That argument is read only on Vercel, whose edge
 * runtime is also known by its `EdgeRuntime`, a string.
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
