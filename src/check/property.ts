/**
 * Reads a property of something the platform handed over, which may be anything at all. What is
 * read for each request is read by its name instead, `value?.key`: that is several times as fast.
 *
 * @param value Where to look.
 * @param key The property.
 * @returns Its value, or `undefined` where there is none.
 */
export function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
