/** A value longer than this is cut, so that a failure stays readable. */
const LONGEST = 200;

/** Nested deeper than this, an object is printed as `{…}`. */
const DEEPEST = 4;

/**
 * Prints a value on one line, as one would write it in a test.
 *
 * @param value Any value.
 * @returns Its text, cut where it is long.
 */
export function format(value: unknown): string {
  const text = print(value, 0);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
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

function print(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name}]`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Date) return `Date(${Number(value)})`;
  if (value instanceof RegExp || value instanceof Error) return String(value);
  if (value instanceof URL) return `URL(${JSON.stringify(value.href)})`;
  if (depth === DEEPEST) return Array.isArray(value) ? "[…]" : "{…}";
  const all = (values: Iterable<unknown>): string =>
    Array.from(values, (each) => print(each, depth + 1)).join(", ");
  if (Array.isArray(value)) return `[${all(value)}]`;
  if (value instanceof Set) return `Set(${all(value)})`;
  if (value instanceof Map) return `Map(${all(value)})`;
  return printObject(value, depth);
}

function printObject(value: object, depth: number): string {
  const name = Object.getPrototypeOf(value)?.constructor?.name ?? "Object";
  const properties = Object.entries(value).map(([key, each]) =>
    `${key}: ${print(each, depth + 1)}`
  );
  const text = properties.length === 0 ? "{}" : `{ ${properties.join(", ")} }`;
  return name === "Object" ? text : `${name} ${text}`;
}
