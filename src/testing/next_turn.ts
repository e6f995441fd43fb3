/** The runtime's own, even where a test replaces them by fake ones later. */
const { setTimeout, setImmediate = setTimeout } = globalThis as {
  setTimeout: (callback: () => void, delay: number) => unknown;
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
  if (!("Bun" in globalThis)) {
    return await new Promise((resolve) => void setTimeout(resolve, 0));
  }
  // the fakes of Bun stop even timers that were taken before them, and its clocks
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  await Atomics.waitAsync(nobody, 0, 0, 1).value;
}
