/**
 * Runs a test body while a global is there that a platform would define.
 *
 * @param name The global: a name or a symbol.
 * @param value Its value.
 * @param body What to run; the global is what it was afterwards.
 */
export async function withGlobal(
  name: PropertyKey,
  value: unknown,
  body: () => void | Promise<void>,
): Promise<void> {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true });
  try {
    await body();
  } finally {
    if (before === undefined) Reflect.deleteProperty(globalThis, name);
    else Object.defineProperty(globalThis, name, before);
  }
}
