/** The runtime's own timers, taken when the module is loaded: a test may replace them later. */
const { setTimeout, clearTimeout, setImmediate = setTimeout } = globalThis as {
  setTimeout: (callback: () => void, delay: number) => unknown;
  clearTimeout: (timer: unknown) => void;
  setImmediate?: (callback: () => void, delay: number) => unknown;
};

/**
 * Waits for a turn of the event loop, also under the fake timers of a test runner.
 *
 * @returns A promise that resolves when every promise that could settle has settled.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve, 0));
}

/**
 * Waits for a timer that is due at once, also under the fake timers of a test runner: longer than
 * {@linkcode nextTurn}, so that a task gets the time for a timer of its own.
 *
 * @returns A promise that resolves in a millisecond or so.
 */
export async function nextTimer(): Promise<void> {
  await realTimer("Bun" in globalThis ? 1 : 0).fired;
}

/** A timer that fires even where the test runner has replaced the clock. */
export interface RealTimer {
  /** Resolves when the timer is due; never where it was cancelled before. */
  readonly fired: Promise<void>;
  /** Cancels the timer, so that it keeps no process alive. */
  cancel(): void;
}

/**
 * Sets a timer of real time, also under the fake timers of a test runner.
 *
 * @param delay Milliseconds.
 * @returns The timer.
 */
export function realTimer(delay: number): RealTimer {
  if ("Bun" in globalThis) return atomicTimer(delay);
  let timer: unknown;
  const fired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, delay);
  });
  return { fired, cancel: () => clearTimeout(timer) };
}

/** The fakes of Bun stop even timers that were taken before them, and its clocks. */
function atomicTimer(delay: number): RealTimer {
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  let isCancelled = false;
  const waited = Atomics.waitAsync(nobody, 0, 0, delay).value;
  return {
    fired: new Promise((resolve) => {
      void Promise.resolve(waited).then(() => isCancelled || resolve());
    }),
    cancel(): void {
      isCancelled = true;
      Atomics.notify(nobody, 0);
    },
  };
}
