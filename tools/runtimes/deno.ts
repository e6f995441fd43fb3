import { fileURLToPath } from "node:url";
import { run } from "../command.ts";
import { countTests } from "../count_tests.ts";
import { root } from "../project.ts";
import {
  jobsOf,
  type TestCount,
  type TestJob,
  type TestRun,
  type TestRuntime,
} from "../test_run.ts";
import { wholeLines, withoutNotices } from "../test_report.ts";
import { isUnitJob, unitEntry } from "../unit_entry.ts";

/** Runs the tests with `deno test`, those about the package too. */
export const deno: TestRuntime = {
  jobs: (tests) => [
    ...tests.package.map((file) => [file]),
    ...jobsOf(tests),
  ],
  run: (tests, job) => denoTest(tests, job, "deno"),
};

/** Runs files with `deno test`, against the given runtime. */
export async function denoTest(
  tests: TestRun,
  { env, files, onLine }: TestJob,
  runtime: "deno" | "workerd",
): Promise<TestCount> {
  const paths = isUnitJob(tests, files) ? [await unitEntry(tests)] : files;
  const result = await run([
    ...[Deno.execPath(), "test", "-A", "--no-check"],
    ...["--config", fileURLToPath(new URL("deno.json", root))],
    ...tests.denoArguments,
    ...(tests.filter === "" ? [] : ["--filter", tests.filter]),
    ...paths,
  ], {
    env: { ...env, POSTLUDE_RUNTIME: runtime },
    onLine: wholeLines(onLine),
  });
  const output = withoutNotices(result.output);
  return countTests({ ...result, output }, tests, {
    failed: /^(?:ok|FAILED) \| \d+ passed.*? \| (\d+) failed/gm,
    passed: /^(?:ok|FAILED) \| (\d+) passed/gm,
  });
}
