/**
 * Which runtime this is: every question about it is asked here, once, when the module is loaded.
 *
 * What a runtime handed over decides wherever it can; its name decides where it handed over nothing.
 *
 * @module
 */

/** What runtimes add to the global object. */
interface RuntimeGlobals {
  readonly Deno?: unknown;
  readonly FixedLengthStream?: unknown;
  readonly IdentityTransformStream?: unknown;
  readonly navigator?: { readonly userAgent?: string };
  readonly process?: { readonly versions?: { readonly node?: string } };
}

const globals = globalThis as RuntimeGlobals;

/** Deno. */
export const IS_DENO: boolean = "Deno" in globals;

/** Cloudflare's runtime: this is the documented way to recognize it. */
export const IS_WORKERS: boolean =
  globals.navigator?.userAgent === "Cloudflare-Workers";

/** Whether this is Cloudflare's runtime, or a runtime that imitates its streams. */
export const MAY_BE_WORKERS: boolean = Boolean(
  globals.IdentityTransformStream && globals.FixedLengthStream,
);

/**
 * Node, or a runtime that has its `process`: Deno and Bun do. Workers with `nodejs_compat` do as well,
 * but are not asked: the first read of `process` loads it, which is 5 ms of 25 of a cold start.
 */
export const IS_NODE_LIKE: boolean = !MAY_BE_WORKERS &&
  Boolean(globals.process?.versions?.node);
