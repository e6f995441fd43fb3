import { classOf, format, textOf } from "../check/format.ts";
import { kindOf } from "./kind.ts";
import { isKeyed, type Keyed, valueOf } from "./any_order.ts";

/** Whether a value is an object, and no function. */
export function isObject(
  value: unknown,
): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}

/** Compares two values that are in two others; tells where they differ, or nothing. */
export type CompareParts = (
  actual: unknown,
  expected: unknown,
  path: string,
) => string | undefined;

/** How many characters are shown before the first one that differs, and behind it. */
const AROUND = 20;

/**
 * Tells how two values differ that look the same where they are printed: because they are cut there,
 * or because what differs has no text.
 *
 * @param actual What there is.
 * @param expected What there should be; it is another one.
 * @param path What to call the value.
 * @param compare Compares what is in the one with what is in the other.
 * @returns Such as `argument 1 differs at character 201: …`.
 */
export function alike(
  actual: unknown,
  expected: unknown,
  path: string,
  compare: CompareParts,
): string {
  if (typeof actual === "function" && typeof expected === "function") {
    return `${path} is another function ${nameOf(actual)}`;
  }
  if (typeof actual === "symbol") {
    return `${path} is another symbol of the same description`;
  }
  if (typeof actual === "string" && typeof expected === "string") {
    return textDifference(actual, expected, path);
  }
  if (!isObject(actual) || !isObject(expected)) {
    return `${path} is not what is expected, though both are printed as ${
      format(actual)
    }`;
  }
  if (kindOf(actual) !== kindOf(expected)) {
    return `${path} is of another class that is called ${classOf(actual)} too`;
  }
  return insideOf(actual, expected, path, compare);
}

function insideOf(
  actual: object,
  expected: object,
  path: string,
  compare: CompareParts,
): string {
  const [text, wanted] = [textOf(actual), textOf(expected)];
  if (text !== undefined && wanted !== undefined && text !== wanted) {
    return textDifference(text, wanted, path);
  }
  if (isKeyed(actual) && isKeyed(expected)) {
    return keyedDifference(actual, expected, path, compare);
  }
  const [list, wantedList] = [listOf(actual), listOf(expected)];
  if (list.length !== wantedList.length) {
    return `${path} has ${list.length} elements instead of ${wantedList.length}`;
  }
  return firstOf(
    wantedList,
    (each, at) => compare(list[at], each, `${path}[${at}]`),
  ) ?? `${path} is another one`;
}

/** Shows a text around the first character that differs. */
function textDifference(
  actual: string,
  expected: string,
  path: string,
): string {
  let at = 0;
  while (actual[at] === expected[at]) at++;
  const around = (text: string): string => {
    const [start, end] = [Math.max(at - AROUND, 0), at + AROUND];
    const part = JSON.stringify(text.slice(start, end));
    return `${start > 0 ? "…" : ""}${part}${end < text.length ? "…" : ""}`;
  };
  return `${path} differs at character ${at + 1}: ${
    around(actual)
  } instead of ${around(expected)}`;
}

/** What a set or a map has that the other one has not. */
function keyedDifference(
  actual: Keyed,
  expected: Keyed,
  path: string,
  compare: CompareParts,
): string {
  const isSame = (one: unknown, other: unknown): boolean =>
    compare(one, other, "") === undefined;
  const more = without([...actual.keys()], [...expected.keys()], isSame);
  const missing = without([...expected.keys()], [...actual.keys()], isSame);
  if (more.length === 1 && missing.length === 1) {
    const key = compare(more[0], missing[0], `a key of ${path}`);
    if (key !== undefined) return key;
  }
  if (missing.length > 0) return `${path} has no ${format(missing[0])}`;
  if (more.length > 0) return `${path} has ${format(more[0])} too`;
  const value = firstOf([...expected.keys()], (key) => {
    const own = [...actual.keys()].find((each) => isSame(each, key));
    const where = `${path}.get(${format(key)})`;
    return compare(valueOf(actual, own), valueOf(expected, key), where);
  });
  return value ?? `${path} has other pairs of keys and values`;
}

function without(
  values: readonly unknown[],
  others: readonly unknown[],
  isSame: (one: unknown, other: unknown) => boolean,
): unknown[] {
  return values.filter((value) => !others.some((each) => isSame(value, each)));
}

function firstOf<T, U>(
  values: readonly T[],
  find: (value: T, at: number) => U | undefined,
): U | undefined {
  for (const [at, value] of values.entries()) {
    const found = find(value, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function listOf(value: object): unknown[] {
  return Symbol.iterator in value ? [...value as Iterable<unknown>] : [];
}

function nameOf(value: { readonly name: string }): string {
  return value.name === "" ? "without a name" : `named ${value.name}`;
}
