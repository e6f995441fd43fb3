/** How long a line is not written again, in milliseconds. */
const PAUSE = 60_000;

/** The most names that are remembered. Of other names nothing is written until the pause is over. */
const MOST_NAMES = 1_000;

/**
 * Writes the line of a name once a minute at most, so that a trouble which thousands of messages share
 * floods no log. After the minute it tells how many lines were left out.
 */
export class SeldomLines {
  readonly #now: () => number;
  #since = -Infinity;
  readonly #times = new Map<string, number>();

  /** @param now Tells the time, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Writes a line to `console.error`, unless one was written for the same name not long ago.
   *
   * @param name What the line is about.
   * @param line The line.
   */
  write(name: string, line: string): void {
    const now = this.#now();
    if (now - this.#since >= PAUSE) this.#begin(now);
    const times = this.#times.get(name);
    if (times === undefined && this.#times.size >= MOST_NAMES) return;
    this.#times.set(name, (times ?? 0) + 1);
    if (times === undefined) console.error(line);
  }

  /** A pause is over: what was left out is told. */
  #begin(now: number): void {
    this.#since = now;
    let left = 0;
    for (const times of this.#times.values()) left += times - 1;
    this.#times.clear();
    if (left > 0) {
      console.error(
        `Durable tasks: ${left} more lines like these were left out`,
      );
    }
  }
}
