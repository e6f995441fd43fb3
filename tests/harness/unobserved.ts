import { test, type TestBody } from "./test.ts";
import { processWatchers } from "../../src/runner/watchers.ts";

/**
 * Runs code while nobody watches the tasks of the process: in one process with other tests a page of
 * `devtools()` may, from its first call on.
 *
 * @param body What to run.
 * @returns What it returned.
 */
export async function unobserved<Result>(
  body: () => Result | Promise<Result>,
): Promise<Result> {
  const watchers = [...processWatchers];
  processWatchers.clear();
  try {
    return await body();
  } finally {
    for (const watcher of watchers) processWatchers.add(watcher);
  }
}

/**
 * Declares a test that makes pages of `devtools()`, each of which watches the tasks of the process from
 * then on: they stop with the test, so that the tests behind it cost what they cost alone.
 *
 * @param name Symbol, then consequence.
 * @param body What to run.
 * @param timeLimit Milliseconds; 600,000 at most.
 */
export function watchingTest(
  name: string,
  body: TestBody,
  timeLimit?: number,
): void {
  test(name, async () => {
    const watchers = [...processWatchers];
    try {
      await body();
    } finally {
      processWatchers.clear();
      for (const watcher of watchers) processWatchers.add(watcher);
    }
  }, timeLimit);
}
