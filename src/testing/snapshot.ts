import { classOf, tagOf } from "../check/format.ts";
import { kindOf } from "./kind.ts";

/** How many objects of one task's arguments are copied. Further ones are kept as they are. */
const MOST_OBJECTS = 10_000;

/** The copy of each object that was copied: an object that holds itself has a copy that does, too. */
type Copies = Map<object, unknown>;

/**
 * Copies the arguments of a task as they are now, so that what the task changes later is not mistaken
 * for what it was added with.
 *
 * Plain objects, arrays and what the language has to keep values in are copied, at every depth. What
 * cannot be copied without a loss stays the same object: functions, promises, errors, streams, a
 * `FormData` with files, an instance of a class.
 *
 * @param args The arguments.
 * @param instances Whether an instance of a class becomes an object of the same class with copies of
 * the properties that show. It has none of its private state, so it is only good for a look.
 * @returns The copies.
 */
export function snapshot(
  args: readonly unknown[],
  instances: "kept" | "copied",
): readonly unknown[] {
  const copies: Copies = new Map();
  return args.map((arg) => copyOf(arg, instances, copies));
}

function copyOf(
  value: unknown,
  instances: "kept" | "copied",
  copies: Copies,
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (copies.has(value)) return copies.get(value);
  if (copies.size >= MOST_OBJECTS) return value;
  try {
    return copyObject(value, instances, copies);
  } catch {
    return value; // a proxy that refuses
  }
}

function copyObject(
  value: object,
  instances: "kept" | "copied",
  copies: Copies,
): unknown {
  const copy = (each: unknown): unknown => copyOf(each, instances, copies);
  const prototype: unknown = Object.getPrototypeOf(value);
  const whole = copyOfPlatform(value, prototype);
  const into = whole ?? emptyOf(value, prototype, instances) ?? value;
  copies.set(value, into);
  if (into === whole || into === value) return into;
  if (into instanceof Map) {
    for (const [key, each] of value as Map<unknown, unknown>) {
      into.set(copy(key), copy(each));
    }
  } else if (into instanceof Set) {
    for (const each of value as Set<unknown>) into.add(copy(each));
  }
  copyProperties(value, into, copy);
  return into;
}

/** An object of the same kind, with nothing in it; `undefined` for what is not copied. */
function emptyOf(
  value: object,
  prototype: unknown,
  instances: "kept" | "copied",
): object | undefined {
  switch (kindOf(value)) {
    case Object.prototype:
      return Object.create(prototype as object | null);
    case Array.prototype:
      return [];
    case Map.prototype:
      return new Map();
    case Set.prototype:
      return new Set();
    case Date.prototype:
      return new Date((value as Date).getTime());
  }
  return instances === "copied" && isOpen(value)
    ? Object.create(prototype as object)
    : undefined;
}

/** A copy of what the platform has to keep values in: no property shows them. */
function copyOfPlatform(value: object, prototype: unknown): object | undefined {
  switch (prototype) {
    case URL.prototype:
      return new URL((value as URL).href);
    case URLSearchParams.prototype:
      return new URLSearchParams(value as URLSearchParams);
    case Headers.prototype:
      return new Headers(value as Headers);
    case FormData.prototype:
      return copyOfForm(value as FormData);
  }
  const bytes = copyOfBytes(value);
  if (bytes !== undefined && Object.getPrototypeOf(bytes) !== prototype) {
    Object.setPrototypeOf(bytes, prototype as object);
  }
  return bytes;
}

function copyOfBytes(value: object): object | undefined {
  const tag = tagOf(value);
  if (tag === "ArrayBuffer") return (value as ArrayBuffer).slice(0);
  if (!ArrayBuffer.isView(value)) return undefined;
  const { buffer, byteOffset, byteLength } = value;
  if (tag === "DataView") {
    return new DataView(buffer.slice(byteOffset, byteOffset + byteLength));
  }
  return Uint8Array.prototype.slice.call(value); // of whatever type the view is
}

/**
 * Copies a form. A form with files is not copied: some runtimes give another object for a file each
 * time.
 */
function copyOfForm(form: FormData): FormData | undefined {
  const copy = new FormData();
  for (const [name, value] of form) {
    if (typeof value !== "string") return undefined;
    copy.append(name, value);
  }
  return copy;
}

/** Whether an instance of a class shows its content, and its class is none of the platform's. */
function isOpen(value: object): boolean {
  return tagOf(value) === "Object" && Object.keys(value).length > 0;
}

/** Copies the own properties of an object. A getter stays a getter. */
function copyProperties(
  value: object,
  into: object,
  copy: (value: unknown) => unknown,
): void {
  for (const key of Reflect.ownKeys(value)) {
    const descriptor = Object.getOwnPropertyDescriptor(value, key)!;
    if ("value" in descriptor) descriptor.value = copy(descriptor.value);
    Object.defineProperty(into, key, descriptor);
  }
}

/**
 * Finds the classes whose instances are among values: they may have private fields beside what shows.
 *
 * @param values Any values.
 * @param seen Those that were looked into.
 * @returns The names of the classes.
 */
export function classesIn(
  values: readonly unknown[],
  seen: Set<unknown> = new Set(),
): string[] {
  return values.flatMap((value) => {
    if (typeof value !== "object" || value === null) return [];
    if (seen.has(value) || seen.size >= MOST_OBJECTS) return [];
    seen.add(value);
    const parts = value instanceof Map || value instanceof Set
      ? [...value].flat()
      : valuesOf(value);
    const isPlain = kindOf(value) === Object.prototype;
    const own = !isPlain && isOpen(value) ? [classOf(value)] : [];
    return [...own, ...classesIn(parts, seen)];
  });
}

/** What the properties of an object hold that are no getters. */
function valuesOf(value: object): unknown[] {
  if (ArrayBuffer.isView(value)) return [];
  return Object.values(Object.getOwnPropertyDescriptors(value))
    .map((descriptor) => descriptor.value);
}
