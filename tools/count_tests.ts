import type { CommandResult } from "./command.ts";
import type { TestCount, TestRun } from "./test_run.ts";

/**
 * Reads the counts from what a test runner printed. A runner that ended in an
 * error without naming a failure, or that ran nothing and does not say why, has
 * failed.
 *
 * @param result What the runner printed, and its exit code.
 * @param run What it was to run.
 * @param patterns How it says how many passed, and how many failed or could not be loaded; each
 *   match of a pattern without a group is one.
 */
export function countTests(
  { code, output }: CommandResult,
  { filter }: TestRun,
  patterns: { readonly passed: RegExp; readonly failed: RegExp },
): TestCount {
  const passed = sum(output, patterns.passed);
  const failed = sum(output, patterns.failed);
  const silent = failed === 0 && (code !== 0 || passed === 0);
  const leftOut = code === 0 && output.includes("!! left out: ");
  const nothingToRun = (filter !== "" || leftOut) && passed === 0 &&
    failed === 0;
  return { failed: silent && !nothingToRun ? 1 : failed, output, passed };
}

function sum(output: string, pattern: RegExp): number {
  return [...output.matchAll(pattern)].reduce(
    (total, [, count]) => total + Number(count ?? 1),
    0,
  );
}
