import {
  classOf,
  format,
  isCollection,
  tagOf,
  textOf,
} from "../check/format.ts";
import { reasonOf } from "../check/thrown.ts";
import { alike, type CompareParts, isObject } from "./alike.ts";
import { isKeyed, isSameInAnyOrder } from "./any_order.ts";
import { kindOf } from "./kind.ts";
import type { TaskMatcher } from "./expected_task.ts";

/**
 * Tells where two values differ first, deeply: by their class, what it is known to keep inside, and
 * their own enumerable properties. Objects of a class that shows neither are equal to themselves
 * only. A matcher such as Vitest's `expect.any(String)` among the expected ones judges for itself.
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
  try {
    return compare(actual, expected, path, new Map());
  } catch (error) { // a getter, a proxy or a matcher
    return `${path} cannot be compared: ${reasonOf(error)}`;
  }
}

/**
 * The pairs of objects that were compared further out, by the first of each: a pair that comes again
 * is a circle. One object may have several others: circles may be of different lengths.
 */
type Pairs = Map<unknown, readonly unknown[]>;

/**
 * Tells where two values differ. Where the path is empty, nobody reads the answer: it says no more than
 * that they do, because each level of an answer compares what is further in several times.
 */
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
  if (
    !isObject(actual) || !isObject(expected) ||
    kindOf(actual) !== kindOf(expected)
  ) return differs(actual, expected, path, pairs);
  const others = pairs.get(actual) ?? [];
  if (others.includes(expected)) return undefined;
  pairs.set(actual, [...others, expected]);
  return compareInside(actual, expected, path, pairs);
}

/** Compares two objects of one class. */
function compareInside(
  actual: object,
  expected: object,
  path: string,
  pairs: Pairs,
): string | undefined {
  const text = textOf(expected);
  if (textOf(actual) !== text) return differs(actual, expected, path, pairs);
  if (elementsOf(expected) !== undefined) {
    return compareElements(actual, expected, path, pairs);
  }
  if (isCollection(actual) && isCollection(expected)) {
    const isSame = isKeyed(actual) && isKeyed(expected)
      ? isSameInAnyOrder(
        actual,
        expected,
        (one, other) => isEqual(one, other, pairs),
      )
      : isEqual([...actual], [...expected], pairs);
    return isSame ? undefined : differs(actual, expected, path, pairs);
  }
  if (actual instanceof Blob && expected instanceof Blob) {
    const found = compareFiles(actual, expected, path, pairs);
    if (found !== undefined) return found;
  }
  if (text === undefined && isClosed(actual) && isClosed(expected)) {
    const name = classOf(actual);
    return `${path} is another ${name}, whose content is private and was not looked at`;
  }
  return compareProperties(actual, expected, path, pairs);
}

/** What can be told of files without waiting for their bytes. */
function compareFiles(
  actual: Blob,
  expected: Blob,
  path: string,
  pairs: Pairs,
): string | undefined {
  for (const key of ["name", "type", "size"] as const) {
    const [value, wanted] = [actual, expected]
      .map((file) => (file as Partial<File>)[key]);
    if (value !== wanted) {
      return differs(value, wanted, `${path}.${key}`, pairs);
    }
  }
  return undefined;
}

function compareElements(
  actual: object,
  expected: object,
  path: string,
  pairs: Pairs,
): string | undefined {
  const [elements, wanted] = [elementsOf(actual)!, elementsOf(expected)!];
  if (elements.length !== wanted.length) {
    return differs(actual, expected, path, pairs);
  }
  const at = wanted.findIndex((each, at) => !Object.is(each, elements[at]));
  return at === -1
    ? undefined
    : differs(elements[at], wanted[at], `${path}[${at}]`, pairs);
}

/** The elements of a typed array, the bytes of another buffer. */
function elementsOf(value: object): Uint8Array | undefined {
  const tag = tagOf(value);
  if (tag === "ArrayBuffer") return new Uint8Array(value as ArrayBuffer);
  if (!ArrayBuffer.isView(value)) return undefined;
  return tag === "DataView"
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : value as Uint8Array;
}

/** Whether two values are equal; where they are not, what was compared on the way is forgotten. */
function isEqual(actual: unknown, expected: unknown, pairs: Pairs): boolean {
  return compare(actual, expected, "", new Map(pairs)) === undefined;
}

/** Whether an object is of a class whose state cannot be seen from outside, such as private fields. */
function isClosed(value: object): boolean {
  return kindOf(value) !== Object.prototype && !Array.isArray(value) &&
    Object.keys(value).length === 0;
}

function compareProperties(
  actual: object,
  expected: object,
  path: string,
  pairs: Pairs,
): string | undefined {
  const isArray = Array.isArray(actual) && Array.isArray(expected);
  if (isArray && actual.length !== expected.length) {
    return differs(actual, expected, path, pairs);
  }
  for (const key of new Set([...keysOf(expected), ...keysOf(actual)])) {
    const where = path &&
      (isArray ? `${path}[${String(key)}]` : `${path}.${String(key)}`);
    if (!Object.hasOwn(actual, key)) return `${where} is missing`;
    const value = (actual as Record<PropertyKey, unknown>)[key];
    if (!Object.hasOwn(expected, key)) {
      return `${where} is ${format(value)} instead of missing`;
    }
    const wanted = (expected as Record<PropertyKey, unknown>)[key];
    const found = compare(value, wanted, where, pairs);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The properties that count: the enumerable ones, and those that an error hides. */
function keysOf(value: object): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key) ||
    (value instanceof Error && (key === "cause" || key === "errors"))
  );
}

function differs(
  actual: unknown,
  expected: unknown,
  path: string,
  pairs: Pairs,
): string {
  if (path === "") return path;
  const [text, wanted] = [format(actual), format(expected)];
  if (text !== wanted) return `${path} is ${text} instead of ${wanted}`;
  const parts: CompareParts = (one, other, where) =>
    compare(one, other, where, new Map(pairs));
  return alike(actual, expected, path, parts);
}

function isMatcher(
  value: unknown,
): value is TaskMatcher & Record<PropertyKey, unknown> {
  return isObject(value) && typeof value["asymmetricMatch"] === "function";
}
