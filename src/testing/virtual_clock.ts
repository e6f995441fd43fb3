import { check, type Rule } from "../check/rules.ts";
import { nextTurn } from "./next_turn.ts";

/** The rule of a time that the clock may show. */
const MOMENT: Rule<number> = [
  "number",
  "it must be a number of epoch milliseconds, such as Date.now()",
  Number.isFinite,
];

/** The rule of a time by which the clock may move. */
const STEP: Rule<number> = [
  "number",
  "it must be a number of at least 0",
  (value) => value >= 0 && value < Infinity,
];

/** A timer that has neither fired nor been taken back. */
interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until it is told to move: timeouts, retry delays and deadlines of a
 * runner that tells the time by it take no real time.
 *
 * Hand it to a `TestClient`, which moves it while tasks wait for nothing else; or hold the tasks
 * back and move it yourself.
 *
 * @example Wait 30 seconds for the second attempt, in no time
 * ```ts
 * import { defineTask, withBackgroundTasks } from "@postlude/background-tasks";
 * import { TestClient, VirtualClock } from "@postlude/background-tasks/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const callWebhook = defineTask(
 *   "call-webhook",
 *   { retry: { attempts: 2, delay: 30_000, jitter: 0 } },
 *   ({ attempt }) => {
 *     if (attempt === 1) throw new Error("not yet");
 *   },
 * );
 * const clock = new VirtualClock();
 * const client = new TestClient(
 *   withBackgroundTasks((_request, tasks) => {
 *     tasks.addTask(callWebhook);
 *     return new Response("ok");
 *   }),
 *   { clock },
 * );
 *
 * await client.get("/");
 * assertEquals(clock.now(), 30_000);
 * assertEquals(client.tasks.succeeded[0]?.attempts, 2);
 * ```
 */
export class VirtualClock {
  #now: number;
  readonly #timers = new Set<Timer>();

  /**
   * Creates a clock.
   *
   * @param now What it shows at first, in epoch milliseconds.
   * @throws {TypeError} If it is not a number.
   * @throws {RangeError} If it is not a finite one.
   */
  constructor(now = 0) {
    check("now", now, MOMENT);
    this.#now = now;
  }

  /**
   * The time that this clock shows.
   *
   * @returns Epoch milliseconds.
   */
  now(): number {
    return this.#now;
  }

  /**
   * Sets a timer.
   *
   * @param callback Called once, when the clock has moved by the delay.
   * @param delay Milliseconds; a timer of 0 or less is due at once.
   * @returns The timer, for `clearTimeout`.
   */
  setTimeout(callback: () => void, delay: number): unknown {
    // as that of the platform: what is no time, or over, is due at once
    const timer = { due: this.#now + (delay > 0 ? delay : 0), callback };
    this.#timers.add(timer);
    return timer;
  }

  /**
   * Takes a timer back.
   *
   * @param timer What `setTimeout` returned.
   */
  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  /**
   * How long until the next timer is due.
   *
   * @returns Milliseconds, or `undefined` where there is no timer.
   */
  untilNext(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.due - this.#now;
  }

  /**
   * Moves the clock. Timers fire one by one, when they are due and in the order they were set;
   * what follows from one, timers included, has happened before the next one fires.
   *
   * @param milliseconds By how much, at least 0.
   * @throws {TypeError} If it is not a number.
   * @throws {RangeError} If it is less than 0, or not finite.
   */
  async advance(milliseconds: number): Promise<void> {
    check("milliseconds", milliseconds, STEP);
    const end = this.#now + milliseconds;
    await nextTurn();
    for (
      let timer = this.#next();
      timer !== undefined && timer.due <= end;
      timer = this.#next()
    ) {
      this.#reach(timer.due);
      this.#timers.delete(timer);
      timer.callback();
      await nextTurn();
    }
    this.#reach(end);
  }

  /** Shows a time, unless a later one is shown: another `advance()` may have gone on meanwhile. */
  #reach(time: number): void {
    this.#now = Math.max(this.#now, time);
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.due < next.due) next = timer;
    }
    return next;
  }
}
