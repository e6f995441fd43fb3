/**
 * What was thrown: it may be anything, even something that cannot become text.
 *
 * @module
 */

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
 * What was thrown as a part of another error's message: the message of an error alone.
 *
 * @param thrown What was thrown.
 * @returns Its message, or its text.
 */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : textOf(thrown);
}

/**
 * Writes what was thrown to `console.error`. Where the console throws, because it cannot show that
 * or nobody reads what it writes, whoever reports it goes on.
 *
 * @param text What has failed.
 * @param thrown What was thrown.
 */
export function writeError(text: string, thrown: unknown): void {
  const format = text.replaceAll("%", "%%");
  try {
    console.error(format, thrown);
  } catch {
    try {
      console.error(format, textOf(thrown));
    } catch {
      // nobody can be told
    }
  }
}
