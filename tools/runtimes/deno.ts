import { run } from "../command.ts";
import { countTests } from "../count_tests.ts";
import type { TestCount, TestRun } from "../test_run.ts";

/** Runs the tests with `deno test`. */
export async function testDeno(tests: TestRun): Promise<TestCount> {
  const files = [...tests.unit, ...tests.processes, ...tests.package];
  return await denoTest(tests, files, "deno");
}

/** Runs files with `deno test`, against the given runtime; no file is no failure. */
export async function denoTest(
  tests: TestRun,
  files: string[],
  runtime: "deno" | "workerd",
): Promise<TestCount> {
  if (files.length === 0) return { failed: 0, output: "", passed: 0 };
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
  ], { env: { POSTLUDE_RUNTIME: runtime } });
  return countTests(result, tests, {
    failed: /^(?:ok|FAILED) \| \d+ passed.*? \| (\d+) failed/gm,
    passed: /^(?:ok|FAILED) \| (\d+) passed/gm,
  });
}
