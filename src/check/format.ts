/** A value longer than this is cut, so that a failure stays readable. */
const LONGEST = 200;

/** Nested deeper than this, an object is printed as `{…}`. */
const DEEPEST = 4;

/**
 * Prints a value on one line, as one would write it in a test.
 *
 * @param value Any value.
 * @returns Its text, cut where it is long; what is cut is not looked at, however large it is. Where
 * the value throws when it is looked at, the text ends with `…` too.
 */
export function format(value: unknown): string {
  let text = "";
  try {
    for (const piece of pieces(value, 0)) {
      text += piece;
      if (text.length > LONGEST) return `${text.slice(0, LONGEST)}…`;
    }
  } catch {
    return `${text}…`;
  }
  return text;
}

/**
 * Prints a call: the name of a task and its arguments.
 *
 * @param name The name.
 * @param args The arguments.
 * @returns Such as `sendEmail("ada@example.com", 3)`.
 */
export function formatCall(name: string, args: readonly unknown[]): string {
  return `${name}(${args.map(format).join(", ")})`;
}

/**
 * The text of an object that is a single value, which no property shows.
 *
 * @param value Any object.
 * @returns Such as `Date(0)`, or `undefined` for an object that has parts.
 */
export function textOf(value: object): string | undefined {
  const tag = tagOf(value);
  if (/^(RegExp|Error)$/.test(tag) || value instanceof Error) {
    return String(value);
  }
  if (/^(Date|Number|String|Boolean|BigInt|Symbol)$/.test(tag)) {
    return `${classOf(value)}(${printPrimitive(value.valueOf())})`;
  }
  if (!tag.startsWith("Temporal.") && tag !== "URL") return undefined;
  return `${classOf(value)}("${value}")`;
}

/**
 * What an object says of its kind, which is the same in every realm.
 *
 * @param value Any object.
 * @returns Such as `Map`, for one of a class that extends it too; `Object` for most.
 */
export function tagOf(value: object): string {
  return {}.toString.call(value).slice(8, -1);
}

/**
 * Whether an object keeps a list inside, which no property shows.
 *
 * @param value Any object.
 * @returns Whether it can be iterated over again and again.
 */
export function isCollection(
  value: object,
): value is Iterable<unknown> & object {
  return /^(Map|Set|URLSearchParams|Headers|FormData)$/.test(tagOf(value));
}

/** The name of an object's class; `Object` where it has none. */
export function classOf(value: object): string {
  return Object.getPrototypeOf(value)?.constructor?.name || "Object";
}

/** The text of a value, bit by bit: whoever has enough of it stops. */
function* pieces(value: unknown, depth: number): Generator<string> {
  if (typeof value !== "object" || value === null) {
    return yield printPrimitive(value);
  }
  const text = textOf(value);
  if (text !== undefined) return yield text;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    const { length = value.byteLength } = value as { length?: number };
    return yield `${classOf(value)}(${length})`;
  }
  if (value instanceof Blob) return yield printFile(value);
  if ("asymmetricMatch" in value && "sample" in value) { // of Vitest or Jest
    return yield* listed(`${value}(`, [value.sample], ")", depth);
  }
  const isArray = Array.isArray(value);
  if (depth === DEEPEST) return yield isArray ? "[…]" : "{…}";
  if (isArray) return yield* listed("[", value, "]", depth);
  if (!isCollection(value)) return yield* properties(value, depth);
  yield* listed(`${classOf(value)}(`, value, ")", depth);
}

function* listed(
  start: string,
  values: Iterable<unknown>,
  end: string,
  depth: number,
): Generator<string> {
  let before = start;
  for (const value of values) {
    yield before;
    yield* pieces(value, depth + 1);
    before = ", ";
  }
  yield before === start ? start + end : end;
}

function* properties(value: object, depth: number): Generator<string> {
  const name = classOf(value);
  if (name !== "Object") yield `${name} `;
  let before = "{ ";
  for (const key of Object.keys(value)) {
    yield `${before}${key}: `;
    yield* pieces((value as Record<string, unknown>)[key], depth + 1);
    before = ", ";
  }
  yield before === "{ " ? "{}" : " }";
}

/** Name, type and size: the bytes of a file cannot be had at once. */
function printFile(file: Blob): string {
  const { name, type, size } = file as Partial<File> & Blob;
  const texts = [name, type].filter(Boolean).map((text) =>
    JSON.stringify(text)
  );
  return `${classOf(file)}(${
    [...texts, size === 1 ? "1 byte" : `${size} bytes`].join(", ")
  })`;
}

function printPrimitive(value: unknown): string {
  // more than is printed, less than may be there
  if (typeof value === "string") return JSON.stringify(value.slice(0, LONGEST));
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name}]`;
  return Object.is(value, -0) ? "-0" : String(value);
}
