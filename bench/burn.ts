let state = 1;

/** Steps a microsecond, of the fastest of some tries: the first ones are not compiled yet. */
const pace = Math.max(...Array.from({ length: 30 }, () => {
  const STEPS = 1_000_000;
  const started = performance.now();
  step(STEPS);
  return STEPS / (performance.now() - started) / 1_000;
}));

/**
 * Keeps the processor busy, without memory and without looking at the clock.
 *
 * @param microseconds For how long, about.
 */
export function burn(microseconds: number): void {
  step(microseconds * pace);
}

/** The steps depend on each other, so that no compiler leaves them out. */
function step(times: number): void {
  for (let i = 0; i < times; i++) state = Math.imul(state, 48_271) + 1 | 0;
}
