/** The Node that follows the one on this machine; npm has it as a package. */
export const NEWEST_NODE = "node@26.10.0";

/**
 * Arguments of `npx` for wrangler. Its package is large, and its Node newer than ours, so both are
 * fetched when they are needed.
 */
export const WRANGLER: readonly string[] = [
  ...["-y", "-p", NEWEST_NODE, "-p", "wrangler@4.164.0"],
  "wrangler",
];
