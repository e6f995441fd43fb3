/** A collection whose order has no meaning for equality: a `Set` or a `Map`. */
type Keyed = ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>;

/** Whether two values are equal. */
type Equality = (one: unknown, other: unknown) => boolean;

/**
 * Whether an object is a set or a map.
 *
 * @param value Any object.
 * @returns Whether it is one.
 */
export function isKeyed(value: object): value is Keyed {
  return value instanceof Set || value instanceof Map;
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
  for (const key of expected.keys()) {
    const fits = (other: unknown): boolean =>
      isEqual(other, key) &&
      isEqual(valueOf(actual, other), valueOf(expected, key));
    if (left.has(key) && fits(key)) left.delete(key); // the quick way, for most of them
    else if (!takeFirst(left, fits)) return false;
  }
  return left.size === 0;
}

function valueOf(keyed: Keyed, key: unknown): unknown {
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
