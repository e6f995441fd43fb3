import { property } from "../check/property.ts";
import {
  type WaitUntilHints,
  waitUntilOf,
  type WaitUntilSource,
} from "./wait_until_source.ts";

/**
 * Netlify, functions and edge functions: `Netlify.context`, which is `null` outside a request. A
 * handler gets the same context second, and Hono's adapter keeps that as `c.env.context`; both are
 * looked into only where there is a `Netlify`.
 *
 * Shape: `setNetlifyGlobal` in `packages/runtime/src/lib/globals.ts` and `Context` in
 * `packages/types/src/lib/context/context.ts` of netlify/primitives; `handle` in
 * `src/adapter/netlify/handler.ts` of honojs/hono.
 */
export const netlify: WaitUntilSource = {
  name: "netlify",
  findWaitUntil({ platform }: WaitUntilHints) {
    const { Netlify } = globalThis as { Netlify?: unknown };
    if (typeof Netlify !== "object" || Netlify === null) return undefined;
    return waitUntilOf(property(Netlify, "context")) ??
      waitUntilOf(platform) ??
      waitUntilOf(property(platform, "context"));
  },
};
