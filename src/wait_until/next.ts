import { waitUntilOf, type WaitUntilSource } from "./wait_until_source.ts";

/** Where a host of Next.js puts what Next.js asks for. */
export const REQUEST_CONTEXT: unique symbol = Symbol.for(
  "@next/request-context",
);

/**
 * Next.js, on a host that supports its `after`, and in edge routes anywhere. `next start` does not
 * set it for routes on Node: there `after` from `next/server` works, to be handed over as the
 * `waitUntil` option.
 *
 * Shape: `packages/next/src/server/after/builtin-request-context.ts` of vercel/next.js.
 */
export const next: WaitUntilSource = {
  name: "next",
  findWaitUntil() {
    const context = (globalThis as {
      [REQUEST_CONTEXT]?: { get?(): unknown };
    })[REQUEST_CONTEXT];
    return waitUntilOf(context?.get?.());
  },
};
