import {
  type WaitUntilHints,
  waitUntilOf,
  type WaitUntilSource,
} from "./wait_until_source.ts";

/**
 * Whatever hands over an execution context as Workers do, beside `request` and `env`: Hono keeps it
 * as `c.executionCtx`, a fetch handler gets it third.
 *
 * Shape: `ExecutionContext` in `src/context.ts` of honojs/hono.
 */
export const executionContext: WaitUntilSource = {
  name: "execution context",
  findWaitUntil: ({ executionContext }: WaitUntilHints) =>
    waitUntilOf(executionContext),
};
