import process from "node:process";
import { runtime } from "./runtime.ts";
import { test, type TestBody } from "./test.ts";

/** Why a case of what only workerd has does not run here; `undefined` where it does. */
export const notOnWorkers: string | undefined = runtime === "workerd"
  ? undefined
  : "only on workerd";

/** Why a case that needs files does not run here; `undefined` where it does. */
export const noFiles: string | undefined = runtime === "workerd"
  ? "Workers have no file system"
  : undefined;

/** Why a test of what requests share does not run on Workers: there they share no turn and no server. */
export const nothingShared: string | undefined = runtime === "workerd"
  ? "requests of a Worker share no turn and no server"
  : undefined;

/** Why a case that needs signals does not run here; `undefined` where it does. */
export const noSignals: string | undefined = runtime === "workerd"
  ? "Workers have no signals"
  : undefined;

/** Why a case that needs BullMQ does not run here; `undefined` where it does. */
export const noBullMQ: string | undefined = runtime === "workerd"
  ? "BullMQ does not run on Workers"
  : undefined;

/** Whether this is `deno task test --all`: a case of many rounds takes fewer of them otherwise. */
export const all: boolean = process.env["POSTLUDE_ALL"] === "yes";

/** Why a case that takes long does not run by default; `undefined` with `deno task test --all`. */
export const heavy: string | undefined = all
  ? undefined
  : "heavy: runs with --all";

/**
 * Says that a case does not run here, and why. `deno task test` prints it: nothing is left out in
 * silence.
 *
 * @param name The title of the test, or of several.
 * @param reason Why, without parentheses.
 */
export function leaveOut(name: string, reason: string): void {
  console.log(`!! left out: ${name} (${reason})`);
}

/**
 * Declares a test where nothing speaks against it; says so where something does.
 *
 * @param reason Why it cannot run here, or `undefined`.
 * @param name Symbol, then consequence.
 * @param body What to run.
 * @param timeLimit Milliseconds; 600,000 at most.
 */
export function testUnless(
  reason: string | undefined,
  name: string,
  body: TestBody,
  timeLimit?: number,
): void {
  if (reason === undefined) test(name, body, timeLimit);
  else leaveOut(name, reason);
}
