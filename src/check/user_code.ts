/**
 * Calls of what a user wrote: what it throws, or rejects with, harms nobody else.
 *
 * @module
 */
import { describeValue, isThenable } from "./check.ts";
import { writeError } from "./thrown.ts";

/**
 * Handles the rejection of what a function of the user's returned, if that is a promise.
 *
 * @param result What the function returned.
 * @param rejected Called with the reason of a rejection.
 * @returns Settles when the promise does; `undefined` where there is none.
 */
export function catchLater(
  result: unknown,
  rejected: (error: unknown) => void,
): Promise<void> | undefined {
  if (!isThenable(result)) return undefined;
  return Promise.resolve(result).then(() => {}, rejected);
}

/**
 * Keeps a promise that a user handed over from ending the process: its rejection has a handler, and
 * whoever awaits the promise is told all the same.
 *
 * @param value Any value.
 */
export function defuse(value: unknown): void {
  if (typeof value !== "object") return;
  try {
    if (value instanceof Promise) value.catch(() => {});
  } catch {
    // a proxy that cannot be looked at is left to whoever made it
  }
}

/**
 * Calls a hook of the user's. What it throws or rejects with goes to `console.error`.
 *
 * @param name The hook, for the message.
 * @param hook Calls it.
 * @returns Settles when the promise does that the hook returned; `undefined` where it returned none.
 */
export function callHook(
  name: string,
  hook: () => unknown,
): Promise<void> | undefined {
  const failed = (error: unknown): void =>
    writeError(`Background tasks: ${name} failed:`, error);
  try {
    return catchLater(hook(), failed);
  } catch (error) {
    failed(error);
  }
}

/**
 * Asks a predicate of the user's. One that returns a promise has no answer: a promise is truthy,
 * and its rejection would be nobody's.
 *
 * @param name What the predicate is called.
 * @param predicate Calls it.
 * @returns What it said.
 * @throws {TypeError} If it returned a promise.
 */
export function askPredicate(name: string, predicate: () => unknown): boolean {
  const answer = predicate();
  if (!isThenable(answer)) return Boolean(answer);
  catchLater(answer, () => {});
  throw new TypeError(
    `Cannot use what ${name} returned: it is ${
      describeValue(answer)
    }; write a function that returns true or false`,
  );
}
