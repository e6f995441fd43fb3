/**
 * Stands for `@std/assert` where JSR cannot be reached: the functions that a
 * test may want, with the same signatures, over `node:assert`.
 *
 * @module
 */
import nodeAssert, { AssertionError } from "node:assert";

export { AssertionError };

/** A class, abstract or with a private constructor too. */
// deno-lint-ignore no-explicit-any
type AnyConstructor = abstract new (...args: any[]) => unknown;

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) fail(msg || "Expected a truthy value");
}

/** Fails unless `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is false {
  if (expr) fail(msg || "Expected a falsy value");
}

/** Fails unless the two are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.deepStrictEqual(actual, expected), msg);
}

/** Fails when the two are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  check(() => nodeAssert.notDeepStrictEqual(actual, expected), msg);
}

/** Fails unless the two are the same value. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  check(() => nodeAssert.strictEqual(actual, expected), msg);
}

/** Fails when the two are the same value. */
export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  check(() => nodeAssert.notStrictEqual(actual, expected), msg);
}

/** Fails when `actual` is `null` or `undefined`. */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    fail(msg ?? `Expected a value, got ${actual}`);
  }
}

/** Fails unless `actual` is an instance of `expectedType`. */
export function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  if (!(actual instanceof expectedType)) {
    fail(msg ?? `Expected an instance of ${expectedType.name}, got ${actual}`);
  }
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (!actual.includes(expected)) {
    fail(msg ?? `Expected "${actual}" to contain "${expected}"`);
  }
}

/** Fails unless `actual` matches `expected`. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  check(() => nodeAssert.match(actual, expected), msg);
}

/** Fails unless `array` contains an equal of every one of `expected`. */
export function assertArrayIncludes<T>(
  array: readonly T[],
  expected: readonly T[],
  msg?: string,
): void {
  for (const item of expected) {
    if (!array.some((other) => isEqual(other, item))) {
      fail(msg ?? `Expected the array to contain ${item}`);
    }
  }
}

/** Fails unless `actual` is greater than `expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) {
    fail(msg ?? `Expected ${actual} to be greater than ${expected}`);
  }
}

/** Fails unless `actual` is at least `expected`. */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual >= expected)) {
    fail(msg ?? `Expected ${actual} to be at least ${expected}`);
  }
}

/** Fails unless `actual` is less than `expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) {
    fail(msg ?? `Expected ${actual} to be less than ${expected}`);
  }
}

/** Fails unless `actual` is at most `expected`. */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!(actual <= expected)) {
    fail(msg ?? `Expected ${actual} to be at most ${expected}`);
  }
}

/** Fails unless `error` is an error of the given class whose message contains `msgMatches`. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  assertInstanceOf(error, ErrorClass ?? Error, msg);
  const { message } = error as Error;
  const matches = msgMatches instanceof RegExp
    ? msgMatches.test(message)
    : message.includes(msgMatches ?? "");
  if (!matches) {
    fail(
      msg ??
        `Expected the message to contain "${msgMatches}", got "${message}"`,
    );
  }
}

/** Fails unless `fn` throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless `fn` throws an error of the given class; returns that error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
): unknown {
  try {
    fn();
  } catch (error) {
    return checkThrown(error, classOrMsg, msgIncludes);
  }
  fail("Expected the function to throw");
}

/** Fails unless `fn` rejects; resolves with the reason. */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/** Fails unless `fn` rejects with an error of the given class; resolves with that error. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
): Promise<unknown> {
  try {
    await fn();
  } catch (error) {
    return checkThrown(error, classOrMsg, msgIncludes);
  }
  fail("Expected the function to reject");
}

/** Fails. */
export function fail(msg = "Failed"): never {
  throw new AssertionError({ message: msg });
}

/** Lets a check of `node:assert` fail with a message of its own and ours. */
function check(assertion: () => void, msg?: string): void {
  try {
    assertion();
  } catch (error) {
    if (msg === undefined || !(error instanceof Error)) throw error;
    fail(`${error.message}: ${msg}`);
  }
}

function checkThrown(
  error: unknown,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
): unknown {
  if (typeof classOrMsg === "function") {
    assertIsError(error, classOrMsg, msgIncludes);
  }
  return error;
}

function isEqual(a: unknown, b: unknown): boolean {
  try {
    nodeAssert.deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}
