/**
 * Writes a duration for people.
 *
 * @param milliseconds The duration; less than nothing, as when a clock was put back, is nothing.
 * @returns Such as `3 ms`, `1.25 s` or `2 min 5 s`.
 */
export function duration(milliseconds: number): string {
  if (milliseconds < 1_000) {
    return `${Math.max(Math.round(milliseconds), 0)} ms`;
  }
  const seconds = milliseconds / 1_000;
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/**
 * Writes a moment of today for people.
 *
 * @param time Epoch milliseconds.
 * @returns Such as `14:02:11 UTC`.
 */
export function timeOfDay(time: number): string {
  return `${new Date(time).toISOString().slice(11, 19)} UTC`;
}
