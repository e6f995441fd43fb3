import type { ResponseOutcome } from "../task_options.ts";

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

/** One way to tell when a response has ended. */
export interface ResponseEndSource {
  /** Whether this exchange offers what it needs. Never decided by a runtime's name alone. */
  canTell(exchange: Exchange): boolean;
  /**
   * Calls `ended` once, in a turn of the event loop of its own, when the response has ended.
   *
   * @returns The response to return instead of the exchange's.
   */
  responseEnd(
    exchange: Exchange,
    ended: (outcome: ResponseOutcome) => void,
  ): Response | undefined;
}

/**
 * Reads a property of something the platform handed over, which may be anything at all.
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
