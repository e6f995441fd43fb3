import { host } from "./runtime.ts";
import { withGlobal } from "./with_global.ts";

/** Moves the fake timers by so many milliseconds. */
type Advance = (milliseconds: number) => void;

/**
 * Runs a test body under the fake timers of the runtime's own test runner; where it has none, under
 * timers as others replace them.
 *
 * @param body What to run; it gets what moves the timers.
 */
export async function withFakeTimers(
  body: (advance: Advance) => Promise<void>,
): Promise<void> {
  if (host === "bun") {
    const specifier = "bun:test"; // not a literal: the other runtimes would try to load it
    const { jest } = await import(specifier);
    jest.useFakeTimers();
    return body((time) => jest.advanceTimersByTime(time))
      .finally(() => jest.useRealTimers());
  }
  if (host === "node") {
    const { mock } = await import("node:test");
    mock.timers.enable();
    return body((time) => mock.timers.tick(time))
      .finally(() => mock.timers.reset());
  }
  const due: { callback: () => void; delay: number }[] = [];
  const fake = (callback: () => void, delay = 0): number =>
    due.push({ callback, delay });
  const advance: Advance = (time) =>
    due.filter(({ delay }) => delay <= time).forEach(({ callback }) =>
      callback()
    );
  const names = ["setTimeout", "setImmediate", "queueMicrotask"];
  const replaced = names.reduce<() => Promise<void>>(
    (inner, name) => () => withGlobal(name, fake, inner),
    () => body(advance),
  );
  await replaced();
}
