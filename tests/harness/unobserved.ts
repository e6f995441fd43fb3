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
