import { writeError } from "../check/thrown.ts";

/**
 * Whether what a handler threw means that it failed. What is thrown to steer is no failure: a
 * `Response` or an error with a status below 400, and what `redirect()` of Next.js throws.
 *
 * @param error What was thrown.
 * @returns Whether the handler failed.
 */
export function isThrownFailure(error: unknown): boolean {
  const { status, statusCode, digest } = (error ?? {}) as {
    readonly status?: unknown;
    readonly statusCode?: unknown;
    readonly digest?: unknown;
  };
  if (typeof digest === "string" && digest.startsWith("NEXT_REDIRECT")) {
    return false;
  }
  const code = typeof status === "number" ? status : statusCode;
  return !(typeof code === "number" && code >= 100 && code < 400);
}

/**
 * Calls the option `isFailure`. Where the option throws, the handler counts as failed.
 *
 * @param ask The option `isFailure`.
 * @param error What was thrown.
 * @returns Whether the handler failed.
 */
export function hasFailed(
  ask: (error: unknown) => boolean,
  error: unknown,
): boolean {
  try {
    return ask(error);
  } catch (thrown) {
    writeError("Background tasks: isFailure failed:", thrown);
    return true;
  }
}
