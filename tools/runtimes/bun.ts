import { fileURLToPath } from "node:url";
import { run } from "../command.ts";
import { countTests } from "../count_tests.ts";
import { root } from "../project.ts";
import { escapePattern, type TestCount, type TestRun } from "../test_run.ts";

/** Runs the tests with `bun test`. */
export async function testBun(tests: TestRun): Promise<TestCount> {
  const files = [...tests.unit, ...tests.processes];
  if (files.length === 0) return { failed: 0, output: "", passed: 0 };
  const bun = fileURLToPath(new URL("node_modules/.bin/bun", root));
  const result = await run([
    ...[bun, "test", "--timeout", "60000"], // longer than a test may take: the harness has its own limit
    ...(tests.filter === ""
      ? []
      : ["--test-name-pattern", escapePattern(tests.filter)]),
    ...files.map((file) => `./${file}`),
  ], { env: { POSTLUDE_RUNTIME: "bun" } });
  return countTests(result, tests, {
    failed: /^ *(\d+) (?:fail|errors?)$/gm,
    passed: /^ *(\d+) pass$/gm,
  });
}
