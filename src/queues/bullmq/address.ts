import { checkKeys, describeValue } from "../../check/check.ts";

/**
 * Refuses an address. Its text is not shown: it may hold a password.
 *
 * @param what The address, or a part of it.
 * @param state What is wrong with it.
 * @param write What to write instead.
 * @throws {TypeError} Always.
 */
export function refuse(what: string, state: string, write: string): never {
  throw new TypeError(`Cannot connect to ${what}: it is ${state}; ${write}`);
}

/** Parts whose absence leads to this machine: an environment variable that is not set. */
const PLACES = ["host", "port", "path", "url", "sentinels", "connectionString"];

/**
 * Checks an address that is written as an object.
 *
 * @param engine The name of the engine.
 * @param address The address as the user wrote it.
 * @param known Every part that means something.
 * @param own What this package sets itself.
 * @param write What to write instead of what is no object.
 * @throws {TypeError} If it is no object, or a part is unknown, undefined or set by this package.
 */
export function checkParts(
  engine: string,
  address: unknown,
  known: readonly string[],
  own: readonly string[],
  write: string,
): void {
  if (
    typeof address !== "object" || address === null || Array.isArray(address)
  ) {
    throw new TypeError(
      `Cannot connect to ${describeValue(address)}: ${write}`,
    );
  }
  for (const [key, value] of Object.entries(address)) {
    if (own.includes(key)) {
      const instead = key === "keyPrefix"
        ? "write prefix beside it"
        : "leave it out";
      refuse(`${engine} by "${key}"`, "set by this package", instead);
    }
    if (value !== undefined || !PLACES.includes(key)) continue;
    refuse(`${engine} at ${key} undefined`, "not set", `write its ${key}`);
  }
  checkKeys(`${engine} option`, address, known);
}
