import process from "node:process";

/** A runtime the tests run on. */
export type RuntimeName = "deno" | "bun" | "node" | "workerd";

/** Every {@linkcode RuntimeName}, in the order the tests run. */
export const RUNTIMES: readonly RuntimeName[] = [
  "deno",
  "bun",
  "node",
  "workerd",
];

/** The runtime this very code runs in. */
export const host: RuntimeName = detectHost();

/**
 * The runtime under test.
 *
 * It differs from {@linkcode host} in one case: a socket test of workerd is a
 * Deno process that talks to workerd.
 */
export const runtime: RuntimeName = fromEnvironment() ?? host;

function detectHost(): RuntimeName {
  if ("Deno" in globalThis) return "deno";
  if ("Bun" in globalThis) return "bun";
  return globalThis.navigator?.userAgent === "Cloudflare-Workers"
    ? "workerd"
    : "node";
}

function fromEnvironment(): RuntimeName | undefined {
  return RUNTIMES.find((name) => name === process.env["POSTLUDE_RUNTIME"]);
}
