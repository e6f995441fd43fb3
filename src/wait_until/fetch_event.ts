import {
  type WaitUntilHints,
  waitUntilOf,
  type WaitUntilSource,
} from "./wait_until_source.ts";

/**
 * A service worker and Fastly Compute: the `FetchEvent` is the execution context. Hono's adapters
 * hand it over as that, a handler of one's own perhaps beside the request. Its class is asked for,
 * so that the `env` of a Worker is never mistaken for it.
 *
 * An event that is over throws: the first task must be added before the response has been sent.
 *
 * Shape: `FetchEvent::waitUntil` in `runtime/fastly/builtins/fetch-event.cpp` of
 * fastly/js-compute-runtime; `handle` in `src/adapter/service-worker/handler.ts` of honojs/hono;
 * the Service Workers standard.
 */
export const fetchEvent: WaitUntilSource = {
  name: "fetch event",
  findWaitUntil({ executionContext, platform }: WaitUntilHints) {
    const { FetchEvent } = globalThis as {
      FetchEvent?: abstract new (...args: never[]) => object;
    };
    if (FetchEvent === undefined) return undefined;
    const event = [executionContext, platform].find((value) =>
      value instanceof FetchEvent
    );
    return waitUntilOf(event);
  },
};
