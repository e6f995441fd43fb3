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
    // it does not show it
  }
}

/**
 * Whether something of a class was thrown. What cannot be looked at is of none.
 *
 * @param thrown What was thrown.
 * @param kind The class.
 * @returns Whether it is one of the class.
 */
export function isOf<Kind>(
  thrown: unknown,
  kind: abstract new (...args: never[]) => Kind,
): thrown is Kind {
  try {
    return thrown instanceof kind;
  } catch {
    return false; // a revoked proxy
  }
}

/**
 * The message of an error; the text of whatever else was thrown.
 *
 * @param thrown What was thrown.
 * @returns Its message, or its text.
 */
export function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return String(thrown.message);
  } catch {
    // what cannot be looked at
  }
  return textOf(thrown);
}

/**
 * What was thrown as a part of another error's message: the message of an error alone, on one line.
 *
 * @param thrown What was thrown.
 * @returns Its message, or its text.
 */
export function reasonOf(thrown: unknown): string {
  return oneLine(messageOf(thrown));
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
  for (const show of [shownOf, lineOf]) {
    try {
      console.error(text.replaceAll("%", "%%"), show(thrown));
      return;
    } catch {
      // at the second time nobody can be told
    }
  }
}

/** What was thrown itself, where a console prints nothing of it that starts a line of its own. */
function shownOf(thrown: unknown): unknown {
  if (isHarmless(thrown)) return thrown;
  const text = textOf(thrown);
  const stack = stackOf(thrown) ?? "";
  const frames = stack.startsWith(text)
    ? stack.slice(text.length).match(FRAME) ?? []
    : [];
  return oneLine(text) +
    frames.map((frame) => `\n${oneLine(frame.slice(1))}`).join("");
}

function lineOf(thrown: unknown): string {
  return oneLine(textOf(thrown));
}

/** A frame of a stack, and its end. */
const FRAME = /\n +at .*|\n$/g;

/**
 * Whether a text, or an error with all that it holds, prints no line but frames.
 *
 * @throws {RangeError} If it holds itself; else whatever a getter throws.
 */
function isHarmless(value: unknown): boolean {
  if (typeof value === "string") return oneLine(value) === value;
  if (typeof value !== "object" || value === null) return true;
  const { stack } = value as Error;
  return (Array.isArray(value) || value instanceof Error) &&
    Reflect.ownKeys(value).every((key) =>
      isHarmless(
        key === "stack"
          ? stack?.replace(FRAME, "")
          : value[key as keyof typeof value],
      )
    );
}
