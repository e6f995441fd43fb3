/**
 * Checks of what a user hands in, with messages that say what to write instead.
 *
 * @module
 */

/**
 * Describes a value for an error message, without printing what may be secret.
 *
 * @param value Any value.
 * @returns A short description, such as `a Promise`, `"sucess"` or `42`.
 */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  if (typeof name !== "string" || /^(Object)?$/.test(name)) return "an object";
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

/** Characters that forge or hide text in a terminal or a log: controls, line ends, directions. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Puts a text of a user's on one line: bounded, and with everything escaped that could forge another
 * line or hide this one.
 *
 * @param text The text, such as the message of an error.
 * @param longest How many characters of it are kept.
 * @returns The text on one line.
 */
export function oneLine(text: string, longest = 2_000): string {
  return cut(text, longest).replace(
    UNSAFE,
    (character) =>
      character.split("").map((unit) =>
        `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
      ).join(""),
  );
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/**
 * Quotes a text for a message on one line, as `oneLine` does, and cuts it after 200 characters.
 *
 * @param text The text, such as the name of a task.
 * @returns It in quotes.
 */
export function quote(text: string): string {
  return oneLine(JSON.stringify(cut(text, 200)));
}

/**
 * Refuses options that are not an object, and keys that no option has.
 *
 * @param kind What the options are called, such as `task option`.
 * @param options The options as the user wrote them.
 * @param known Every key that means something.
 * @throws {TypeError} If the options are no object, or a key is unknown.
 */
export function checkKeys(
  kind: string,
  options: unknown,
  known: readonly string[],
): void {
  const isObject = typeof options === "object" && !Array.isArray(options);
  const keys = isObject ? Object.keys(options ?? {}) : [];
  const what = describeValue(options);
  // an instance of a class that keeps its state to itself would be taken for no options at all
  if (keys.length === 0 && what !== "an object") {
    throw new TypeError(`Cannot read ${kind}s from ${what}: write an object`);
  }
  for (const key of keys) {
    if (!known.includes(key)) {
      throw new TypeError(
        `Cannot use ${kind} ${quote(key)}: the ${kind}s are ${
          known.join(", ")
        }`,
      );
    }
  }
}

/**
 * Refuses what cannot run later, above all a promise: work that has already started.
 *
 * @param fn What was handed to `addTask`, `task` or `defineTask`.
 * @throws {TypeError} If it is not a function.
 */
export function checkFunction(
  fn: unknown,
): asserts fn is (...args: never[]) => unknown {
  if (typeof fn === "function") return;
  throw new TypeError(
    `Cannot add ${describeValue(fn)} as a task: write addTask(sendEmail, to) ` +
      "instead of addTask(sendEmail(to)), which calls the function too early",
  );
}

/**
 * Whether a value is a promise, of whatever realm or library.
 *
 * @param value Any value.
 * @returns Whether it has a `then`.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}
