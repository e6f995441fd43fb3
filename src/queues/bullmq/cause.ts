import { textOf } from "../../check/thrown.ts";

/** What an error of a connection says. */
export interface Cause {
  /** The code of the system, of Postgres or of BullMQ, if it has one. */
  readonly code: unknown;
  /** Its text, never empty. */
  readonly message: string;
}

/**
 * Reads an error of a connection. One of a host with several addresses is an `AggregateError`
 * without a text of its own: there, the first address says why.
 *
 * @param error What a client threw.
 * @returns Its code and its text.
 */
export function causeOf(error: unknown): Cause {
  if (error instanceof AggregateError && error.errors.length > 0) {
    const first = causeOf(error.errors[0]);
    const { code = first.code } = error as { code?: unknown };
    return { code, message: error.message || first.message };
  }
  if (!(error instanceof Error)) {
    return { code: undefined, message: textOf(error) };
  }
  const { code } = error as { code?: unknown };
  return { code, message: error.message || String(code ?? error.name) };
}
