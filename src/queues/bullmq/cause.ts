import { textOf } from "../../check/thrown.ts";

/** What an error of a connection says. */
interface Cause {
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
  try {
    if (error instanceof AggregateError && error.errors.length > 0) {
      const first = causeOf(error.errors[0]);
      const { code = first.code } = error as { code?: unknown };
      return { code, message: error.message || first.message };
    }
    if (error instanceof Error) {
      const { code } = error as { code?: unknown };
      const message = error.message || String(code ?? error.name);
      return { code, message: message + remedyOf(code, message) };
    }
  } catch {
    // what cannot be looked at
  }
  return { code: undefined, message: textOf(error) };
}

/** What goes behind an answer that does not say what to do about it, or says it of BullMQ alone. */
function remedyOf(code: unknown, message: string): string {
  if (message.includes("startup parameter")) {
    return "; write ignore_startup_parameters = options in pgbouncer.ini, and " +
      "ALTER ROLE … SET search_path = bullmq, public in Postgres";
  }
  if (code === "42883" && message.startsWith("function")) {
    return "; behind a pooler, run ALTER ROLE … SET search_path = bullmq, public in Postgres; else run " +
      "await migrate({ postgres })";
  }
  if (message.includes("not initialized")) {
    return " Here: run await migrate({ postgres })";
  }
  return /^(?:CROSSSLOT|MOVED)/.test(message)
    ? '; write connection: new Cluster([…]), of ioredis, and prefix: "{jobs}"'
    : "";
}
