import { format } from "../format.ts";

/** What `expect.any(String)` and the like are in Vitest and Jest. Bun keeps its own to itself. */
interface Matcher {
  asymmetricMatch(actual: unknown): boolean;
}

/**
 * Tells where two values differ first, deeply: by their own enumerable properties and their class.
 * A matcher such as Vitest's `expect.any(String)` among the expected ones judges for itself.
 *
 * @param actual What there is.
 * @param expected What there should be.
 * @param path What to call the value in the answer.
 * @returns Such as `argument 1.email is "a" instead of "b"`, or `undefined` where they are equal.
 */
export function difference(
  actual: unknown,
  expected: unknown,
  path: string,
): string | undefined {
  return compare(actual, expected, path, new Map());
}

/** What is being compared further out, so that a circle ends. */
type Pairs = Map<unknown, unknown>;

function compare(
  actual: unknown,
  expected: unknown,
  path: string,
  pairs: Pairs,
): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (isMatcher(expected)) {
    return expected.asymmetricMatch(actual)
      ? undefined
      : `${path} is ${format(actual)}, which does not match`;
  }
  const differs = `${path} is ${format(actual)} instead of ${format(expected)}`;
  if (!isObject(actual) || !isObject(expected)) return differs;
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) {
    return differs;
  }
  if (pairs.get(actual) === expected) return undefined;
  pairs.set(actual, expected);
  if (textOf(actual) !== textOf(expected)) return differs;
  if (isCollection(actual) && isCollection(expected)) {
    return compare([...actual], [...expected], path, pairs);
  }
  return compareProperties(actual, expected, path, pairs);
}

function compareProperties(
  actual: Record<string, unknown>,
  expected: Record<string, unknown>,
  path: string,
  pairs: Pairs,
): string | undefined {
  if (Array.isArray(actual) && actual.length !== expected["length"]) {
    return `${path} is ${format(actual)} instead of ${format(expected)}`;
  }
  for (
    const key of new Set([...Object.keys(expected), ...Object.keys(actual)])
  ) {
    const where = Array.isArray(actual) ? `${path}[${key}]` : `${path}.${key}`;
    if (!Object.hasOwn(actual, key)) return `${where} is missing`;
    if (!Object.hasOwn(expected, key)) {
      return `${where} is ${format(actual[key])} instead of missing`;
    }
    const found = compare(actual[key], expected[key], where, pairs);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What tells two objects apart that keep their content inside. */
function textOf(value: object): string | undefined {
  if (value instanceof Date) return String(Number(value));
  if (value instanceof RegExp || value instanceof URL) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isCollection(value: unknown): value is Iterable<unknown> {
  return value instanceof Map || value instanceof Set;
}

function isMatcher(value: unknown): value is Matcher {
  return isObject(value) && typeof value["asymmetricMatch"] === "function";
}
