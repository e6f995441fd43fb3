import process from "node:process";
import { host } from "./runtime.ts";

/**
 * Runs a body, and collects the promises that were rejected meanwhile with nobody to handle it.
 *
 * @param body What to run.
 * @returns What they were rejected with.
 */
export async function collectUnhandled(
  body: () => Promise<void>,
): Promise<unknown[]> {
  const collected: unknown[] = [];
  const onEvent = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    collected.push(event.reason);
  };
  const onRejection = (reason: unknown): void => void collected.push(reason);
  if (host === "deno" || host === "workerd") {
    globalThis.addEventListener("unhandledrejection", onEvent);
  } else process.on("unhandledRejection", onRejection);
  try {
    await body();
    await new Promise((resolve) => setTimeout(resolve)); // a runtime tells after the microtasks
  } finally {
    if (host === "deno" || host === "workerd") {
      globalThis.removeEventListener("unhandledrejection", onEvent);
    } else process.off("unhandledRejection", onRejection);
  }
  return collected;
}
