/** A figure that was measured several times. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Sums up what was measured in several rounds.
 *
 * @param values One for each round.
 * @returns The middle one and the ends.
 */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length === 0
    ? NaN
    : (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle - 1)]!) / 2;
  return { median, least: sorted[0] ?? NaN, most: sorted.at(-1) ?? NaN };
}

/**
 * The same of the middle half: for what the machine disturbs every now and then.
 *
 * @param values One for each round, at least four.
 * @returns The middle one, and the quartiles as the ends.
 */
export function middleHalf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const quarter = Math.floor(sorted.length / 4);
  return spread(sorted.slice(quarter, sorted.length - quarter));
}
