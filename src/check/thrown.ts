/**
 * What was thrown: it may be anything, even something that cannot become text.
 *
 * @module
 */
import { oneLine } from "./check.ts";

/**
 * The text of what was thrown: class and message of an error.
 *
 * @param thrown What was thrown.
 * @returns Its text.
 */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "an error that has no text";
  }
}

/**
 * The stack of what was thrown.
 *
 * @param thrown What was thrown.
 * @returns Its stack; `undefined` where it has none, or does not show it.
 */
export function stackOf(thrown: unknown): string | undefined {
  try {
    const { stack } = thrown as { readonly stack?: unknown };
    return typeof stack === "string" ? stack : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What was thrown as a part of another error's message: the message of an error alone, on one line.
 *
 * @param thrown What was thrown.
 * @returns Its message, or its text.
 */
export function reasonOf(thrown: unknown): string {
  return oneLine(thrown instanceof Error ? thrown.message : textOf(thrown));
}

/**
 * Writes what was thrown to `console.error`. A console prints an error's message as it is, line breaks
 * included: where that could forge a line, or be endless, it gets a text in place of the error. Where
 * the console throws, because it cannot show that or nobody reads what it writes, whoever reports it
 * goes on.
 *
 * @param text What has failed.
 * @param thrown What was thrown.
 */
export function writeError(text: string, thrown: unknown): void {
  const format = text.replaceAll("%", "%%");
  try {
    console.error(format, isHarmless(thrown) ? thrown : stackedText(thrown));
  } catch {
    try {
      console.error(format, oneLine(textOf(thrown)));
    } catch {
      // nobody can be told
    }
  }
}

/** A stack of nothing but a line and frames. */
const STACK = /^.*(?:\n +at .*)*\s*$/;

/** Longer than this, in characters, a stack is no stack. */
const LONGEST_STACK = 10_000;

/** Whether a console prints nothing of a value but what it says on its own lines. */
function isHarmless(value: unknown): boolean {
  try {
    if (typeof value === "string") return oneLine(value) === value;
    if (typeof value !== "object" || value === null) return true;
    if (value instanceof Error) {
      const stack = value.stack ?? "";
      if (stack.length > LONGEST_STACK || !STACK.test(stack)) return false;
      if (!stack.split("\n").every(isHarmless)) return false;
    } else if (!PLAIN.includes(Object.getPrototypeOf(value))) return false;
    return Reflect.ownKeys(value).every((key) =>
      key === "stack" || isHarmless(value[key as keyof typeof value])
    );
  } catch { // it throws, or goes round in a circle
    return false;
  }
}

const PLAIN = [Object.prototype, Array.prototype, null];

/** The text of what was thrown, with its frames and its causes. */
function stackedText(thrown: unknown, depth = 0): string {
  const text = textOf(thrown);
  const stack = stackOf(thrown);
  const frames = stack?.startsWith(text) ? stack.slice(text.length) : "";
  const lines = frames.slice(0, LONGEST_STACK).split("\n");
  const cause = depth < 5 ? causeOf(thrown) : undefined;
  return oneLine(text) + lines.map((line) => oneLine(line)).join("\n") +
    (cause === undefined ? "" : `\n  cause: ${stackedText(cause, depth + 1)}`);
}

function causeOf(thrown: unknown): unknown {
  try {
    return (thrown as { readonly cause?: unknown }).cause;
  } catch {
    return undefined;
  }
}
