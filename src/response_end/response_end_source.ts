import type { ResponseOutcome } from "../task/task_run.ts";

/**
 * One request and the response to it.
 *
 * Platform types are written down structurally in each file, with the few members it touches, so
 * that no platform's package is needed to compile this one.
 */
export interface Exchange {
  /** The request as its server made it. */
  readonly request: Request | undefined;
  /** The response, or `undefined` where the handler threw. */
  readonly response: Response | undefined;
  /**
   * Whether the response was already returned when the first task was added. It can be watched, and
   * no longer replaced.
   */
  readonly hasLeft?: boolean;
  /** The option of that name. */
  readonly exactEnd: boolean;
}

/** A body whose reading has not begun after this many milliseconds was dropped. */
export const UNREAD = 1_000;

/** How a response ended, or an object that is asked for it: asking costs time, and few tasks ask. */
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

/** Waits for the end of a response. One object costs less than a function for each method. */
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
   * @param listener The listener to tell.
   * @param exchange The request and its response.
   * @param server What the server handed over, where there is one.
   * @returns The response to return instead.
   */
  responseEnd(
    listener: ResponseEndListener,
    exchange: Exchange,
    server: Server,
  ): Response | undefined;
}

/**
 * A server that tells when a response has ended.
 *
 * @typeParam Server What tells it.
 */
export interface ServerSource<Server> extends ResponseEndSource<Server> {
  /**
   * Finds the server in what the runtime handed over.
   *
   * @param platform What that is.
   * @param request The request, which may be one that the server does not know.
   * @returns The server, or `undefined` where it is none or cannot tell of this request.
   */
  find(platform: unknown, request: Request | undefined): Server | undefined;
}
