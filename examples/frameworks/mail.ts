import { existsSync } from "node:fs";
import process from "node:process";

/** Milliseconds for which the task below keeps the thread at most. */
const LONGEST = 30_000;

/**
 * A task as bad as they come: it keeps the thread to itself until the client has all of its response,
 * so that one which starts too early holds back what it waits for. Then it takes its time.
 */
export async function sendEmail(page: string): Promise<void> {
  const received = `${process.env["RECEIVED"] ?? "."}/${page}`;
  const start = performance.now();
  while (!existsSync(received)) {
    if (performance.now() - start < LONGEST) continue;
    return console.log(`held back: ${page}`);
  }
  const rest = page === "slow" ? 600 : 100; // longer than a server takes to close
  await new Promise((resolve) => setTimeout(resolve, rest));
  console.log(`mail: ${page}`);
}
