import { tagOf } from "../check/format.ts";

/** A collection whose order has no meaning for equality: a `Set` or a `Map`. */
export type Keyed = ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>;

/** Whether two values are equal. */
type Equality = (one: unknown, other: unknown) => boolean;

/**
 * Whether an object is a set or a map.
 *
 * @param value Any object.
 * @returns Whether it is one.
 */
export function isKeyed(value: object): value is Keyed {
  return /^(Map|Set)$/.test(tagOf(value));
}

/**
 * Compares two sets, or two maps, in any order.
 *
 * @param actual The one.
 * @param expected The other, of the same class.
 * @param isEqual Compares their keys, and their values.
 * @returns Whether they hold the same.
 */
export function isSameInAnyOrder(
  actual: Keyed,
  expected: Keyed,
  isEqual: Equality,
): boolean {
  const left = new Set(actual.keys());
  const fits = (key: unknown, other: unknown): boolean =>
    isEqual(other, key) &&
    isEqual(valueOf(actual, other), valueOf(expected, key));
  // the very same first: a matcher takes what is left
  const others = [...expected.keys()].filter((key) =>
    !(left.has(key) && fits(key, key) && left.delete(key))
  );
  return others.length === left.size &&
    others.every((key) => takeFirst(left, (other) => fits(key, other)));
}

/**
 * What belongs to a key: nothing, in a set.
 *
 * @param keyed The set or the map.
 * @param key The key.
 * @returns The value of a map.
 */
export function valueOf(keyed: Keyed, key: unknown): unknown {
  return "get" in keyed ? keyed.get(key) : undefined;
}

function takeFirst(
  values: Set<unknown>,
  fits: (value: unknown) => boolean,
): boolean {
  for (const value of values) {
    if (fits(value)) return values.delete(value);
  }
  return false;
}
