import { askPredicate } from "../check/user_code.ts";
import { writeError } from "../check/thrown.ts";
import type { RetryOptions } from "./policy.ts";

/**
 * Whether a failed attempt is followed by another one.
 *
 * @param retry How often the task is tried, and what is worth it.
 * @param attempt The attempt that failed, from 1.
 * @param error What it threw.
 * @returns The answer of `when`, as long as attempts are left; `false` where it threw.
 */
export function isWorthRetry(
  { attempts, when }: RetryOptions,
  attempt: number,
  error: unknown,
): boolean {
  if (attempt >= attempts) return false;
  if (when === undefined) return true;
  try {
    return askPredicate("retry.when", () => when(error));
  } catch (thrown) {
    writeError("Background tasks: retry.when failed:", thrown);
    return false;
  }
}

/**
 * How long to wait before the next attempt.
 *
 * @param retry The delays.
 * @param attempt The attempt that failed, from 1.
 * @returns The milliseconds, with jitter.
 */
export function retryDelay(retry: RetryOptions, attempt: number): number {
  const { delay = 1_000, maxDelay = 60_000, factor = 2, jitter = 1 } = retry;
  if (delay === 0) return 0;
  const longest = Math.min(delay * factor ** (attempt - 1), maxDelay);
  return Math.round(longest * (1 - jitter * Math.random()));
}
