import { run } from "../command.ts";
import { countTests } from "../count_tests.ts";
import {
  jobsOf,
  type TestCount,
  type TestJob,
  type TestRun,
  type TestRuntime,
} from "../test_run.ts";

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
  const result = await run([
    ...[
      Deno.execPath(),
      "test",
      "-A",
      "--no-check",
      ...tests.denoArguments,
    ],
    ...(tests.filter === "" ? [] : ["--filter", tests.filter]),
    ...files,
  ], { env: { ...env, POSTLUDE_RUNTIME: runtime }, onLine });
  return countTests(result, tests, {
    failed: /^(?:ok|FAILED) \| \d+ passed.*? \| (\d+) failed/gm,
    passed: /^(?:ok|FAILED) \| (\d+) passed/gm,
  });
}
