import { fileURLToPath } from "node:url";
import { run } from "../command.ts";
import { countTests } from "../count_tests.ts";
import { root } from "../project.ts";
import { escapePattern, jobsOf, type TestRuntime } from "../test_run.ts";

/** Runs the tests with `bun test`. */
export const bun: TestRuntime = {
  jobs: jobsOf,
  async run(tests, { env, files, onLine }) {
    const bun = fileURLToPath(new URL("node_modules/.bin/bun", root));
    const result = await run([
      ...[bun, "test", "--timeout", "600000"], // longer than a test may take: the harness has its own limit
      ...(tests.filter === ""
        ? []
        : ["--test-name-pattern", escapePattern(tests.filter)]),
      ...files.map((file) => `./${file}`),
    ], { env: { ...env, POSTLUDE_RUNTIME: "bun" }, onLine });
    return countTests(result, tests, {
      failed: /^ *(\d+) (?:fail|errors?)$/gm,
      passed: /^ *(\d+) pass$/gm,
    });
  },
};
