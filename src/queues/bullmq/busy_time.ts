/** How often this process is checked for being busy, in milliseconds. */
const STEP = 25;

/** Measures how long this process was too busy to hear an answer, while a hand-over waits for one. */
export class BusyTime {
  #total = 0;
  #waiting = 0;
  #lookedAt = 0;
  #timer: ReturnType<typeof setInterval> | undefined = undefined;

  /**
   * A hand-over begins to wait.
   *
   * @returns A mark for {@linkcode since}.
   */
  begin(): number {
    if (this.#waiting++ === 0) {
      this.#lookedAt = performance.now();
      this.#timer = setInterval(() => this.#look(), STEP);
    }
    return this.#total;
  }

  /** A hand-over has waited. */
  end(): void {
    if (--this.#waiting === 0) clearInterval(this.#timer);
  }

  /**
   * How long this process has been busy since a mark.
   *
   * @param mark What {@linkcode begin} returned.
   * @returns Milliseconds.
   */
  since(mark: number): number {
    this.#look();
    return this.#total - mark;
  }

  #look(): void {
    const now = performance.now();
    const late = now - this.#lookedAt - STEP;
    if (late > STEP) this.#total += late;
    this.#lookedAt = now;
  }
}
