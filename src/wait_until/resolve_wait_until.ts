import { checkOptions, type Rule, type Rules } from "../check/rules.ts";
import { IS_WORKERS } from "../response_end/runtime.ts";
import { bunny } from "./bunny.ts";
import { executionContext } from "./execution_context.ts";
import { fetchEvent } from "./fetch_event.ts";
import { netlify } from "./netlify.ts";
import { next, REQUEST_CONTEXT as NEXT } from "./next.ts";
import { srvx } from "./srvx.ts";
import { supabase } from "./supabase.ts";
import type {
  WaitUntil,
  WaitUntilHints,
  WaitUntilSource,
} from "./wait_until_source.ts";
import { REQUEST_CONTEXT as VERCEL, vercel } from "./vercel.ts";
import { workers } from "./workers.ts";

/** The `waitUntil` that applies to one request. */
export interface ResolvedWaitUntil {
  /** The name of its source; `"process"` where there is none, and the runner keeps the work. */
  readonly source: string;
  /** Keeps the platform alive, or `undefined` where nothing guarantees the work. */
  readonly waitUntil: WaitUntil | undefined;
  /** When the platform ends the work, in epoch milliseconds, where it tells: Vercel does. */
  readonly deadline: number | undefined;
  /**
   * How many milliseconds after the response end the platform ends the work, where it documents
   * that: 30,000 on Workers.
   */
  readonly lifetime: number | undefined;
}

/** The platforms that may keep the work alive, in the order they are asked. */
const SOURCES: readonly WaitUntilSource[] = [
  workers,
  fetchEvent,
  executionContext,
  srvx,
  netlify,
  vercel,
  next,
  supabase,
  bunny,
];

/** What platforms add to the global object. */
interface PlatformGlobals {
  readonly FetchEvent?: unknown;
  readonly Netlify?: unknown;
  readonly EdgeRuntime?: unknown;
  readonly Bunny?: unknown;
  readonly [VERCEL]?: unknown;
  readonly [NEXT]?: unknown;
}

/** Where there is no platform. */
export const PROCESS: ResolvedWaitUntil = {
  source: "process",
  waitUntil: undefined,
  deadline: undefined,
  lifetime: undefined,
};

/** The rule of a `waitUntil` of the user's. */
export const WAIT_UNTIL: Rule = [
  "function",
  "write (promise) => ctx.waitUntil(promise)",
];

const HINTS: Rules = {
  waitUntil: WAIT_UNTIL,
  executionContext: undefined,
  request: undefined,
  platform: undefined,
};

/**
 * Finds the `waitUntil` that applies here. It calls nothing that it finds.
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
 * @returns The `waitUntil`, called as a method of its owner, its source by name, and how long the
 * platform lets the work go on.
 * @throws {TypeError} If a hint is unknown, or `hints.waitUntil` is given and not a function.
 */
export function resolveWaitUntil(hints: WaitUntilHints): ResolvedWaitUntil {
  checkOptions("hint", hints, HINTS);
  return { ...findWaitUntil(hints.waitUntil, hints) };
}

/**
 * Finds the `waitUntil` that applies to a request, for the files of this package.
 *
 * @param option The user's own, which was checked.
 * @param hints Where it may be found besides.
 * @returns What {@linkcode resolveWaitUntil} does.
 */
export function findWaitUntil(
  option: WaitUntil | undefined,
  hints: WaitUntilHints,
): ResolvedWaitUntil {
  // each hint is read once: a getter that throws costs more than the rest of the lookup
  const place = { ...hints };
  const limit = firstOf((source) => source.timeLimit?.(place));
  const found = option !== undefined
    ? { source: "option", waitUntil: option }
    : firstOf((source) => {
      const waitUntil = source.findWaitUntil(place);
      return waitUntil && { source: source.name, waitUntil };
    });
  return { ...PROCESS, ...limit, ...found };
}

/**
 * Whether this may be a platform with a `waitUntil`, and no plain server of Deno, Bun or Node. On a
 * plain server the sources need not be asked: asking each of them for every request was measured to
 * take a sixth of what one task costs a busy server.
 */
export function isPlatform(): boolean {
  try {
    const globals = globalThis as PlatformGlobals;
    return IS_WORKERS || (globals.FetchEvent ?? globals.Netlify ??
          globals.EdgeRuntime ?? globals.Bunny ?? globals[VERCEL] ??
          globals[NEXT]) !== undefined;
  } catch {
    return true; // a getter that throws exists, so each source must be tried
  }
}

/** The first answer that is not `undefined`, in the order of the sources. */
function firstOf<Answer>(
  ask: (source: WaitUntilSource) => Answer | undefined,
): Answer | undefined {
  for (const source of SOURCES) {
    try {
      const answer = ask(source);
      if (answer !== undefined) return answer;
    } catch {
      // the getter of a platform that is absent may throw: the next source is asked
    }
  }
  return undefined;
}
