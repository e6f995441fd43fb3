import { describeValue } from "./check.ts";

/** Keeps the platform alive until the promise settles. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/** Where a `waitUntil` may be found for one request. Each is looked at in turn. */
export interface WaitUntilHints {
  /** The user's own, which always wins. */
  readonly waitUntil?: WaitUntil | undefined;
  /** The execution context: of Workers, of a `FetchEvent`, of Netlify, of Vercel. */
  readonly executionContext?: unknown;
}

/** The `waitUntil` that applies to one request. */
export interface ResolvedWaitUntil {
  /** Where it came from, by name; `"process"` where there is none and the runner keeps the work. */
  readonly source: string;
  /** Keeps the platform alive, or `undefined` where nothing guarantees the work. */
  readonly waitUntil: WaitUntil | undefined;
}

const PROCESS: ResolvedWaitUntil = { source: "process", waitUntil: undefined };

/**
 * Finds the `waitUntil` that applies here.
 *
 * @example Outside every platform, the process keeps the work
 * ```ts
 * import { resolveWaitUntil } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(resolveWaitUntil({}).source, "process");
 * ```
 *
 * @param hints Where it may be found.
 * @returns The `waitUntil`, called as a method of its owner, and its source by name.
 * @throws {TypeError} If `hints.waitUntil` is given and not a function.
 */
export function resolveWaitUntil(hints: WaitUntilHints): ResolvedWaitUntil {
  const { waitUntil, executionContext } = hints;
  if (waitUntil !== undefined) {
    if (typeof waitUntil !== "function") {
      throw new TypeError(
        `Cannot use waitUntil ${
          describeValue(waitUntil)
        }: write (promise) => ctx.waitUntil(promise)`,
      );
    }
    return { source: "option", waitUntil };
  }
  if (hasWaitUntil(executionContext)) {
    return {
      source: "execution context",
      waitUntil: (promise) => executionContext.waitUntil(promise),
    };
  }
  return PROCESS;
}

function hasWaitUntil(value: unknown): value is { waitUntil: WaitUntil } {
  return typeof value === "object" && value !== null &&
    typeof (value as { waitUntil?: unknown }).waitUntil === "function";
}
