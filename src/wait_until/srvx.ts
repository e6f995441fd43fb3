import {
  type WaitUntilHints,
  waitUntilOf,
  type WaitUntilSource,
} from "./wait_until_source.ts";

/**
 * srvx, and with it h3 and Nitro: the raw request has a `waitUntil`, on every runtime. A request
 * that was cloned has lost it. `server.close()` awaits what was registered when it was called, and
 * nothing later.
 *
 * It is the request's own. A request of Next.js on its edge runtime inherits a `waitUntil` that does
 * nothing but throw.
 *
 * Shape: `createWaitUntil` in `src/_utils.ts`, and the adapters in `src/adapters/`, of h3js/srvx.
 */
export const srvx: WaitUntilSource = {
  name: "srvx",
  findWaitUntil: ({ request }: WaitUntilHints) =>
    isKeptAlive(request) ? waitUntilOf(request) : undefined,
};

/** Whether a request has a `waitUntil` of its own. */
export function isKeptAlive(request: Request | undefined): boolean {
  return request !== undefined && Object.hasOwn(request, "waitUntil");
}
