import { isDemoted } from "./redis_failover.ts";

/**
 * Whether the engine is away, or starting, rather than refusing.
 *
 * @param error What a connection to it has met with.
 * @returns Whether to wait for it.
 */
export function isOutage(error: Error & { readonly code?: unknown }): boolean {
  const { code, message } = error;
  // of the system, such as ECONNREFUSED, or of Postgres that goes down or comes up
  return /^(?:E(?!RR_)|08|57P)/.test(String(code)) ||
    /timeout|timed out|terminated|closed|isn't writeable|LOADING/i.test(
      message,
    ) || isDemoted(error);
}

/** Says once that the engine is away, and once that it is back. */
export class Outage {
  readonly #engine: string;
  #lasts = false;

  /** @param engine Its name. */
  constructor(engine: string) {
    this.#engine = engine;
  }

  /** A worker has met with an error: of the engine as a whole, or of one job. */
  met(error: Error): void {
    if (isOutage(error)) this.begins(error);
    else console.error("Durable tasks:", error.message || error);
  }

  /** The engine is away. */
  begins(error: Error): void {
    if (this.#lasts) return;
    this.#lasts = true;
    console.warn(
      `Durable tasks: ${this.#engine} is away, the worker waits for it:`,
      error.message || error,
    );
  }

  /** The engine has answered. */
  ends(): void {
    if (this.#lasts) console.warn(`Durable tasks: ${this.#engine} is back`);
    this.#lasts = false;
  }
}
