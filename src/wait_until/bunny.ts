import { property } from "../check/property.ts";
import { waitUntilOf, type WaitUntilSource } from "./wait_until_source.ts";

/**
 * Bunny Edge Scripting: `Bunny.v1.waitUntil`, once `Bunny.unstable.waitUntil`.
 *
 * Shape: `src/adapters/bunny.ts` of h3js/srvx, and the page on the runtime in Bunny's docs.
 */
export const bunny: WaitUntilSource = {
  name: "bunny",
  findWaitUntil() {
    const { Bunny } = globalThis as { Bunny?: unknown };
    return waitUntilOf(property(Bunny, "v1")) ??
      waitUntilOf(property(Bunny, "unstable"));
  },
};
