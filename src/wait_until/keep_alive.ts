import { writeError } from "../check/thrown.ts";
import { catchLater } from "../check/user_code.ts";
import { PROCESS, type ResolvedWaitUntil } from "./resolve_wait_until.ts";

/** Pending work that a platform can be asked to wait for. */
interface PendingWork {
  /** Makes a promise that covers the work and never rejects. */
  whenOver(): Promise<void>;
}

/**
 * Hands the promise of a request to the `waitUntil` that was found.
 *
 * @param resolved What was found.
 * @param work Makes the promise, if a `waitUntil` was found.
 * @param refused Called where the platform's `waitUntil` throws: it throws an error of its own. Without
 * it the process keeps the work, as if no `waitUntil` had been found.
 * @returns The name of what keeps the work alive.
 */
export function keepAlive(
  { source, waitUntil }: ResolvedWaitUntil,
  work: PendingWork,
  refused: ((error: unknown) => void) | undefined,
): string {
  try {
    const result = waitUntil?.(work.whenOver());
    catchLater(result, (error) => tell(source, error));
    return source;
  } catch (error) {
    refused?.(error);
    tell(source, error);
    return PROCESS.source;
  }
}

function tell(source: string, error: unknown): void {
  writeError(
    `Background tasks: waitUntil of "${source}" failed, so only the process keeps the work:`,
    error,
  );
}
