import { MAX_DELAY } from "../check/rules.ts";
import { type RealTimer, realTimer } from "./next_turn.ts";

/** Ends a wait that would last for ever. It counts real time, whatever clock the tasks have. */
export class TimeLimit {
  /** Whether the limit has passed: a loop that waits has to look. */
  isReached = false;
  readonly #milliseconds: number;

  /** @param milliseconds How long; `Infinity` for as long as it takes. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /**
   * Waits for work, and not longer than the limit.
   *
   * @param work What to wait for.
   * @param unfinished Says what is not done ` after 4000 ms`.
   * @returns What the work comes to.
   * @throws {Error} If the limit is reached before.
   */
  async race<T>(
    work: Promise<T>,
    unfinished: (after: string) => string,
  ): Promise<T> {
    const limit = this.#milliseconds;
    const timer: RealTimer = realTimer(Math.min(limit, MAX_DELAY));
    const late = timer.fired.then((): never => {
      this.isReached = true;
      throw new Error(
        `${unfinished(` after ${limit} ms`)}; write timeLimit: ${
          limit * 10
        } where it takes longer`,
      );
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      timer.cancel();
    }
  }
}
