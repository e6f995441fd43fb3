import process from "node:process";
import { host } from "./runtime.ts";

/** What is to be ended with this process. */
const ends = new Set<() => void>();

process.once("exit", endAll);
// Node does not end while a child lives, and so would wait for the child of a test that has hung.
if (host === "node") (await import("node:test")).after(endAll);

/** Ends all of it. Bun tells nobody that it ends, so there `bun_end.ts` calls this. */
export function endAll(): void {
  for (const end of ends) end();
  ends.clear();
}

/**
 * Ends what a test has started also where the test hangs, and nothing else would.
 *
 * @param end What to do at the end of this process.
 * @returns Forgets it, once it has ended by itself.
 */
export function atEnd(end: () => void): () => void {
  ends.add(end);
  return () => void ends.delete(end);
}
