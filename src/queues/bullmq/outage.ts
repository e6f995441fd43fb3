import { isDemoted } from "./redis_failover.ts";
import { causeOf } from "./cause.ts";

/** The first pause of a worker whose engine fails, in milliseconds, and the longest one. */
const SHORTEST = 1_000;
const LONGEST = 5_000;
/** The pause of a worker that closes. */
const LAST = 200;

/** What the texts of an engine that is away, is starting, or has no connection left, have in them. */
const AWAY =
  /time(?:d )?out|terminated|closed|unreachable|isn't writeable|LOADING|max number/i;

/**
 * Whether the engine is away, or starting, rather than refusing.
 *
 * @param error What a connection to it has met with.
 * @returns Whether to wait for it.
 */
export function isOutage(error: unknown): boolean {
  const { code, message } = causeOf(error);
  // Postgres has no code that begins with E. During an outage it says that it goes down, comes up, or has
  // no connection left
  if (/^[0-9A-DF-Z][0-9A-Z]{4}$/.test(String(code))) {
    return /^(?:08(?!P01)|57P|53300)/.test(String(code));
  }
  return /^E(?!RR_)/.test(String(code)) || // of the system, such as ECONNREFUSED
    AWAY.test(message) ||
    isDemoted({ message });
}

/**
 * Whether an error is about one job, and so no trouble of the engine's: its lock is gone, or
 * Postgres cannot store what it holds (class 22).
 *
 * @param error What a command was answered.
 * @returns Whether asking again is of no use.
 */
export function isOfJob(error: unknown): boolean {
  const { code, message } = causeOf(error);
  return typeof code === "number" || /^2[23]/.test(String(code)) ||
    /^(?:Missing (?:lock|key)|Lock mismatch|could not renew lock|Job .* is not in)/
      .test(message);
}

/** What a worker may not try again for a long time: locks, for one, are extended only while a task runs. */
const SELDOM = ["connection", "locks", "stalled"];

/**
 * The trouble of a worker with its engine, which is away or answers errors. The console is told once
 * when the trouble begins, and once when it is over: when every command that failed has succeeded.
 */
export class Outage {
  readonly #engine: string;
  /** When each command, or the connection, failed first. */
  readonly #failing = new Map<string, number>();
  /** What ends each pause before a command is tried again, by the command. */
  readonly #pauses = new Map<string, Set<() => void>>();
  #endedAt = -Infinity;
  #isOver = false;

  /** @param engine Its name. */
  constructor(engine: string) {
    this.#engine = engine;
  }

  /** Whether the engine fails now, or did within the last so many milliseconds: locks may have run out. */
  lastedWithin(milliseconds: number): boolean {
    return this.#failing.size > 0 ||
      performance.now() - this.#endedAt < milliseconds;
  }

  /** BullMQ has emitted an error: about the engine as a whole, about one job, or one of its own. */
  met(error: Error & { readonly severity?: string }): void {
    const isAnswer = error.name === "ReplyError" || error.severity;
    if (!isOfJob(error) && (isAnswer || isOutage(error))) this.begins(error);
    else console.error("Durable tasks:", causeOf(error).message);
  }

  /**
   * The engine is away, or refuses a command.
   *
   * @param error What the worker met with.
   * @param what The command, or the connection.
   */
  begins(error: unknown, what = "connection"): void {
    if (this.#isOver) return;
    const isFirst = this.#failing.size === 0;
    if (!this.#failing.has(what)) this.#failing.set(what, performance.now());
    if (!isFirst) return;
    console.warn(
      `Durable tasks: ${this.#engine} ${
        isOutage(error) ? "is away" : "answers with an error"
      }, the worker waits for it:`,
      causeOf(error).message,
    );
  }

  /** The engine has answered a command. Every pause before the same command ends. */
  ends(what = "connection"): void {
    const failed = this.#failing.delete(what);
    for (const goOn of this.#pauses.get(what) ?? []) goOn();
    if (!failed || this.#failing.size > 0) return;
    this.#endedAt = performance.now();
    console.warn(`Durable tasks: ${this.#engine} is back`);
  }

  /** The engine has obeyed a command, so it would obey those of `SELDOM` too. */
  endsForAll(): void {
    for (const what of SELDOM) this.ends(what);
  }

  /** The worker closes: every pause ends, and no trouble is reported any more. */
  over(): void {
    this.#isOver = true;
    for (const pauses of this.#pauses.values()) {
      for (const goOn of pauses) goOn();
    }
  }

  /**
   * Waits before a command is tried again: about a second, and longer the longer it fails.
   *
   * @param what The command.
   * @param longest Milliseconds the pause may take at most.
   */
  async pause(what: string, longest = LONGEST): Promise<void> {
    const delay = Math.min(this.#delayOf(what), longest);
    const pauses = this.#pauses.get(what) ?? new Set();
    this.#pauses.set(what, pauses);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(goOn, delay * (0.8 + 0.4 * Math.random()));
      function goOn(): void {
        clearTimeout(timer);
        pauses.delete(goOn);
        resolve();
      }
      pauses.add(goOn);
    });
  }

  #delayOf(what: string): number {
    if (this.#isOver) return LAST;
    const lasts = performance.now() - (this.#failing.get(what) ?? 0);
    return Math.min(LONGEST, Math.max(SHORTEST, lasts / 2));
  }
}
