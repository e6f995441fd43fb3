import type { ResponseOutcome } from "../task/policy.ts";

/**
 * One request and its response, as a front door sees them.
 *
 * Platform types are written down structurally in each file, with the few members it touches, so
 * that no platform's package is needed to compile this one.
 */
export interface Exchange {
  readonly request: Request | undefined;
  /** What the runtime handed to the fetch handler beside the request. */
  readonly platform: unknown;
  /** The response, or `undefined` where the handler threw, or where it has left already. */
  readonly response: Response | undefined;
  /** The option of that name. */
  readonly exactEnd: boolean;
}

/** How a response ended, or what finds it out, where asking costs something and few ask. */
export type KnownOutcome = ResponseOutcome | {
  readonly outcome: ResponseOutcome;
};

/**
 * Asks how a response ended.
 *
 * @param known What a platform told.
 * @returns How it ended.
 */
export function outcomeOf(known: KnownOutcome): ResponseOutcome {
  return typeof known === "string" ? known : known.outcome;
}

/** Who waits for the end of a response: an object, which costs less than a function for each. */
export interface ResponseEndListener {
  /**
   * The response has ended. Called once, perhaps without the request's async context: it must not
   * run a user's code.
   *
   * @param outcome How it ended.
   * @param turns After how many turns of the event loop nothing of it is left to do; none where
   * this is a turn of its own.
   */
  responseEnded(outcome: KnownOutcome, turns: 0 | 1 | 2): void;
}

/**
 * One way to tell when a response has ended.
 *
 * @typeParam Server What it needs of the server.
 */
export interface ResponseEndSource<Server = void> {
  /**
   * Tells the listener when the response has ended.
   *
   * @returns The response to return instead of the exchange's.
   */
  responseEnd(
    exchange: Exchange,
    listener: ResponseEndListener,
    server: Server,
  ): Response | undefined;
}

/**
 * A server that tells when a response has ended.
 *
 * @typeParam Server What tells it.
 */
export interface ServerSource<Server> extends ResponseEndSource<Server> {
  /** Finds it in what a server handed over. Never decided by a runtime's name. */
  find(platform: unknown): Server | undefined;
}

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
   * Until when this platform lets work go on, where it tells or documents it, whoever's
   * `waitUntil` is used.
   */
  timeLimit?(): TimeLimit | undefined;
}

/** Until when a platform lets work go on. */
export interface TimeLimit {
  /** The moment, in epoch milliseconds, where the platform tells it. */
  readonly deadline?: number | undefined;
  /** Milliseconds after the response end, where the platform documents that. */
  readonly lifetime?: number | undefined;
}

/**
 * The `waitUntil` of an object, as its method: platforms refuse one that has lost its receiver.
 *
 * @param owner An execution context, an event, a namespace: anything at all.
 * @returns A function that calls the method, or `undefined` where there is none.
 */
export function waitUntilOf(owner: unknown): WaitUntil | undefined {
  const context = owner as { waitUntil?: WaitUntil } | null | undefined;
  return typeof context?.waitUntil === "function"
    ? (promise) => context.waitUntil!(promise)
    : undefined;
}

/**
 * Reads a property of something the platform handed over, which may be anything at all. What is
 * read for each request is read by its name instead, `value?.key`: that is several times as fast.
 *
 * @param value Where to look.
 * @param key The property.
 * @returns Its value, or `undefined` where there is none.
 */
export function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

/**
 * Whether a stream lends a byte reader: a body held in memory does, a stream made in JS does not,
 * unless it was made as a byte stream.
 *
 * @param body The stream, which nobody reads.
 */
export function lendsByteReader(body: ReadableStream<Uint8Array>): boolean {
  try {
    body.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
