/**
 * JSON, and nothing else, at compile time and at run time: what a durable task may be given.
 *
 * @module
 */
import { describeValue, quote } from "../check/check.ts";
import type { JsonValue } from "./task_queue.ts";

/**
 * The arguments of a durable task. An argument that is JSON keeps its type. The type of any other
 * argument is a text that says what to pass instead, which the compiler shows.
 *
 * @typeParam Args The handler's parameters behind the context.
 */
export type JsonArguments<Args> = {
  [Key in keyof Args]:
    | JsonOf<Exclude<Args[Key], undefined>>
    | (unknown extends Args[Key] ? never : Extract<Args[Key], undefined>);
};

/**
 * One argument, or a part of one. See {@linkcode JsonArguments}. `any` and `unknown` become
 * `never`: nothing can be known about them. Types that are their own parts, such as `JsonValue`,
 * have no end: five levels down, whatever is a `JsonValue` is taken, and left to `addTask`.
 *
 * @typeParam Value Its type.
 * @typeParam Level How deep it is in the argument, as a tuple of that length.
 */
export type JsonOf<Value, Level extends readonly unknown[] = []> =
  unknown extends Value ? never
    : Level["length"] extends 5 ? ([Value] extends [JsonValue] ? Value : never)
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
    : Value extends PromiseLike<unknown>
      ? "await the promise, and pass its value"
    : Value extends object ? {
        [Key in keyof Value]: Record<never, never> extends Pick<Value, Key>
          ? JsonOf<Exclude<Value[Key], undefined>, [...Level, 0]>
          : JsonOf<Value[Key], [...Level, 0]>;
      }
    : never;

/**
 * Copies the arguments of a durable task, so that a later change of the originals changes nothing.
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
  const parents: object[] = []; // the objects around a value: one of them again is a cycle
  function copy(value: unknown, path: string): JsonValue {
    if (isScalar(value)) return value === 0 ? 0 : value; // JSON has no -0
    if (!isData(value)) {
      throw refusal(task, path, describe(value), instead(value));
    }
    // a parser of JSON has such a limit too
    if (parents.length === 1_000 || parents.includes(value)) {
      throw refusal(
        task,
        path,
        "too deep, or contains itself",
        "pass plain data",
      );
    }
    parents.push(value);
    const copied = Array.isArray(value)
      // `Array.from` sees the holes of a sparse array, which JSON would turn into null.
      ? Array.from(value, (item, index) => copy(item, `${path}[${index}]`))
      : Object.fromEntries(
        [...Object.keys(value), ...Object.getOwnPropertySymbols(value)].map((
          key,
        ) => [
          copy(key, `a key of ${path}`),
          copy((value as never)[key], `${path}.${key as string}`),
        ]),
      );
    parents.pop();
    return copied;
  }
  return args.map((value, index) => copy(value, `argument ${index + 1}`));
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === "boolean" ||
    // Postgres and UTF-8 have no half of a surrogate pair.
    (typeof value === "string" ? value.isWellFormed() : Number.isFinite(value));
}

/** Whether JSON writes all of an object: an array, or one made by `{}`, in this realm or another. */
function isData(value: unknown): value is object {
  if (typeof value !== "object" || Array.isArray(value)) {
    return typeof value === "object";
  }
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function refusal(
  task: string,
  path: string,
  found: string,
  advice: string,
): TypeError {
  return new TypeError(
    `Cannot hand task ${
      quote(task)
    } to its queue: ${path} is ${found}; ${advice}`,
  );
}

function describe(value: unknown): string {
  // not what a string holds, which may be secret
  return /^[bs]/.test(typeof value)
    ? `a ${typeof value}`
    : describeValue(value);
}

function instead(value: unknown): string {
  if (value === undefined || typeof value === "symbol") {
    return "leave it out, or pass null";
  }
  if (typeof value === "string") return "pass text.toWellFormed()";
  if (typeof value === "bigint") return "pass String(value)";
  if (typeof value === "number") return "pass a finite number, or null";
  if (value instanceof Date) return "pass date.toISOString()";
  if (value instanceof Map) return "pass Object.fromEntries(map)";
  if (value instanceof Set) return "pass [...set]";
  return "pass plain data, or pass an ID, and load the data in the task";
}
