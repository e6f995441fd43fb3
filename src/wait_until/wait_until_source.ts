/** Keeps the platform alive until the promise settles. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/** Where a `waitUntil` may be found for one request. */
export interface WaitUntilHints {
  /** The user's own, which always wins. */
  readonly waitUntil?: WaitUntil | undefined;
  /** The execution context: of Workers, of Pages Functions, or a `FetchEvent`. */
  readonly executionContext?: unknown;
  /** The request, as the runtime made it: srvx puts a `waitUntil` on it. */
  readonly request?: Request | undefined;
  /**
   * What the runtime handed to the fetch handler beside the request. It is looked into only where
   * it cannot be the `env` of a Worker, whose bindings answer every property with a function.
   */
  readonly platform?: unknown;
}

/** One platform that can be asked to stay alive. */
export interface WaitUntilSource {
  /** What `stats().platform` calls it. */
  readonly name: string;
  /**
   * Looks for the `waitUntil` of this request, without calling it.
   *
   * @returns It, called as a method of its owner, or `undefined` where this is another platform.
   * @throws Whatever a getter of the platform throws: that, too, means another platform.
   */
  findWaitUntil(hints: WaitUntilHints): WaitUntil | undefined;
  /**
   * The time limit of the platform, where it tells or documents one. It applies even where the app
   * hands over its own `waitUntil`.
   */
  timeLimit?(hints: WaitUntilHints): TimeLimit | undefined;
}

/** Until when a platform lets work go on. */
export interface TimeLimit {
  /** The moment, in epoch milliseconds, where the platform tells it. */
  readonly deadline?: number | undefined;
  /** Milliseconds after the response end, where the platform documents that. */
  readonly lifetime?: number | undefined;
}

/**
 * The `waitUntil` of an object, called as its method: platforms refuse a `waitUntil` that has lost
 * its receiver.
 *
 * @param owner An execution context, an event, a namespace, or any other value.
 * @returns A function that calls the method, or `undefined` where there is none.
 */
export function waitUntilOf(owner: unknown): WaitUntil | undefined {
  const context = owner as { waitUntil?: WaitUntil } | null | undefined;
  return typeof context?.waitUntil === "function"
    ? (promise) => context.waitUntil!(promise)
    : undefined;
}
