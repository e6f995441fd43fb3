import { waitUntilOf, type WaitUntilSource } from "./wait_until_source.ts";

/**
 * Supabase Edge Functions: `EdgeRuntime.waitUntil`, which ignores every value but a native promise.
 * On Vercel's edge runtime `EdgeRuntime` is a string.
 *
 * Shape: `installEdgeRuntimeNamespace` in `ext/runtime/js/namespaces.js` and `waitUntil` in
 * `async_hook.js` beside it, of supabase/edge-runtime.
 */
export const supabase: WaitUntilSource = {
  name: "supabase",
  findWaitUntil: () =>
    waitUntilOf((globalThis as { EdgeRuntime?: unknown }).EdgeRuntime),
};
