/**
 * Runs a test body, and collects what it writes to the console, which prints nothing meanwhile.
 *
 * @param method The method of the console.
 * @param body What to run.
 * @param lines Where to; a body that notes events of its own there gets them in one order.
 * @returns A line for each call.
 */
export async function consoleLines(
  method: "debug" | "error" | "log" | "warn",
  body: () => void | Promise<void>,
  lines: string[] = [],
): Promise<string[]> {
  const original = console[method];
  console[method] = (...args: unknown[]) => void lines.push(args.join(" "));
  try {
    await body();
  } finally {
    console[method] = original;
  }
  return lines;
}
