/** What timeouts, retries and deadlines tell the time by; a test hands in one of its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once, after `delay` milliseconds; what it returns is for `clearTimeout`. */
  setTimeout(callback: () => void, delay: number): unknown;
  /** Takes a `setTimeout` back. */
  clearTimeout(timer: unknown): void;
}

/** The runtime's own clock, looked up at each call so that a test's fake timers apply. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/**
 * Lets the process end before a timer is due, where the runtime can.
 *
 * @param timer What `setTimeout` returned.
 */
export function unref(timer: unknown): void {
  const { Deno } = globalThis as { Deno?: { unrefTimer?(id: number): void } };
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
  else (timer as { unref?(): void } | undefined)?.unref?.();
}
