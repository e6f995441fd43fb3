import { classOf, tagOf } from "../check/format.ts";

/**
 * What an object is compared and copied as: its prototype, and for what the language has itself, the
 * prototype in this realm. Jest runs a test in a realm of its own, where what `request.json()`
 * gives comes from another one. An object without a prototype is a plain one.
 *
 * @param value Any object.
 * @returns The prototype.
 */
export function kindOf(value: object): object {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) {
    return Object.prototype;
  }
  const name = classOf(value);
  const { [name]: own } = globalThis as Record<string, unknown>;
  return typeof own === "function" && tagOf(value) === name
    ? own.prototype
    : prototype;
}
