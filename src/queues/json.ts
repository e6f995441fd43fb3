/**
 * JSON, and nothing else, at compile time and at run time: what a durable task may be given.
 *
 * @module
 */
import { describeValue } from "../check.ts";
import type { JsonValue } from "./types.ts";

/**
 * The arguments of a durable task: themselves where they are JSON. In place of what is not stands
 * a text that says what to pass instead, and the compiler shows it.
 *
 * @typeParam Args The handler's parameters behind the context.
 */
export type JsonArguments<Args> = {
  [Key in keyof Args]:
    | JsonOf<Exclude<Args[Key], undefined>>
    | Extract<Args[Key], undefined>;
};

/**
 * One argument, or a part of one. See {@linkcode JsonArguments}. `any` and `unknown` become
 * `never`: nothing can be known about them.
 *
 * @typeParam Value Its type.
 */
export type JsonOf<Value> = unknown extends Value ? never
  : Value extends string | number | boolean | null ? Value
  : Value extends bigint ? "pass String(value) instead of a bigint"
  : Value extends Date ? "pass date.toISOString() instead of a Date"
  : Value extends undefined | symbol ? "leave it out, or pass null"
  : Value extends (...args: never[]) => unknown
    ? "pass plain data instead of a function"
  : Value extends ReadonlyMap<unknown, unknown>
    ? "pass Object.fromEntries(map) instead of a Map"
  : Value extends ReadonlySet<unknown> ? "pass [...set] instead of a Set"
  : Value extends ArrayBuffer | ArrayBufferView
    ? "pass base64 text, or an ID, instead of bytes"
  : Value extends PromiseLike<unknown> ? "await the promise, and pass its value"
  : Value extends object ? {
      [Key in keyof Value]: Record<never, never> extends Pick<Value, Key>
        ? JsonOf<Exclude<Value[Key], undefined>>
        : JsonOf<Value[Key]>;
    }
  : never;

/**
 * Copies the arguments of a durable task, so that whoever changes them later changes nothing.
 *
 * @param task The name of the task, for the message.
 * @param args The arguments.
 * @returns The copy.
 * @throws {TypeError} If one is not JSON: it says where, and what to pass instead.
 */
export function copyArguments(
  task: string,
  args: readonly unknown[],
): JsonValue[] {
  return args.map((value, index) =>
    copy(value, `argument ${index + 1}`, { task, parents: [] })
  );
}

/** Where a value was met. */
interface Place {
  readonly task: string;
  /** The objects around it: one of them again is a cycle. */
  readonly parents: readonly object[];
}

function copy(value: unknown, path: string, place: Place): JsonValue {
  if (
    value === null || typeof value === "string" || typeof value === "boolean"
  ) return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "object" || !(Array.isArray(value) || isPlain(value))) {
    throw refusal(path, place, describe(value), instead(value));
  }
  if (place.parents.includes(value)) {
    throw refusal(
      path,
      place,
      "an object that contains itself",
      "pass plain data without cycles",
    );
  }
  const inner = { ...place, parents: [...place.parents, value] };
  if (Array.isArray(value)) {
    // `Array.from` sees the holes of a sparse array, which JSON would turn into null.
    return Array.from(
      value,
      (item, index) => copy(item, `${path}[${index}]`, inner),
    );
  }
  return Object.fromEntries(
    Object.entries(value).map((
      [key, item],
    ) => [key, copy(item, `${path}.${key}`, inner)]),
  );
}

/** Whether JSON writes all of an object: one made by `{}`, in this realm or another. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function refusal(
  path: string,
  { task }: Place,
  found: string,
  advice: string,
): TypeError {
  return new TypeError(
    `Cannot hand task "${task}" to its queue: ${path} is ${found}; ${advice}`,
  );
}

function describe(value: unknown): string {
  if (typeof value === "bigint") return "a bigint";
  return typeof value === "symbol" ? "a symbol" : describeValue(value);
}

function instead(value: unknown): string {
  if (value === undefined || typeof value === "symbol") {
    return "leave it out, or pass null";
  }
  if (typeof value === "bigint") return "pass String(value)";
  if (typeof value === "number") return "pass a finite number, or null";
  if (value instanceof Date) return "pass date.toISOString()";
  if (value instanceof Map) return "pass Object.fromEntries(map)";
  if (value instanceof Set) return "pass [...set]";
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return "pass base64 text, or an ID";
  }
  if (typeof value === "function") return "pass plain data";
  return "pass its ID, or a plain object, and load the rest in the task";
}
