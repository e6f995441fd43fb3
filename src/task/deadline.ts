import { MAX_DELAY } from "../check/rules.ts";
import { type Clock, unref } from "./clock.ts";

/** How long before the platform ends the work the tasks are stopped, in milliseconds. */
export const MARGIN = 500;

/** When the platform ends the work of one request, or of one delivery to a worker. */
export class Deadline {
  /** Epoch milliseconds; `undefined` while it depends on the response end. */
  at: number | undefined;
  readonly #clock: Clock;
  readonly #lifetime: number;
  #timer: unknown = undefined;
  #due: (() => void) | undefined = undefined;

  /**
   * Creates a deadline.
   *
   * @param at When the platform ends the work, in epoch milliseconds, where it tells.
   * @param lifetime How many milliseconds after the response end it does so, or `Infinity`.
   * @param clock What tells the time.
   */
  constructor(at: number | undefined, lifetime: number, clock: Clock) {
    this.at = at;
    this.#lifetime = lifetime;
    this.#clock = clock;
  }

  /**
   * Watches the deadline until `cancel()`.
   *
   * @param expire Called once, shortly before, with the reason for stopping: in the async context of
   * this call, and of its own request, as timers on Workers must be.
   */
  arm(expire: (reason: unknown) => void): void {
    new Promise<void>((resolve) => this.#due = resolve)
      .then(() => expire(this.#reason()));
    this.#set(this.at);
  }

  /** The response has ended, from which a lifetime is counted. */
  responseEnded(): void {
    const end = this.#clock.now() + this.#lifetime;
    if (end < (this.at ?? Infinity)) this.#set(end);
  }

  /** Nothing is left to stop. */
  cancel(): void {
    this.#clear();
    this.#due = undefined;
  }

  #clear(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #set(at: number | undefined): void {
    this.#clear();
    this.at = at;
    if (at === undefined || this.#due === undefined) return;
    const left = Math.max(at - this.#clock.now(), 0);
    const delay = Math.min(left - Math.min(MARGIN, left / 2), MAX_DELAY);
    this.#timer = this.#clock.setTimeout(this.#due, delay);
    // the timer need not keep the process alive: when the process ends, no work is left to stop
    unref(this.#timer);
  }

  #reason(): DOMException {
    return new DOMException(
      `Cannot go on: the platform ends the work of this request at ${
        new Date(this.at!).toISOString()
      }`,
      "TimeoutError",
    );
  }
}
