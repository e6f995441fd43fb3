import { fileURLToPath } from "node:url";
import { bundle } from "../bundle.ts";
import { run } from "../command.ts";
import { countTests } from "../count_tests.ts";
import { root } from "../project.ts";
import { escapePattern, type TestCount, type TestRun } from "../test_run.ts";

/** Bundles the tests to JavaScript and runs them with `node --test`. */
export async function testNode(tests: TestRun): Promise<TestCount> {
  const files = [...tests.unit, ...tests.processes];
  if (files.length === 0) return { failed: 0, output: "", passed: 0 };
  await bundle({
    files: Object.fromEntries([...files.map((file) => [file, pathOf(file)]), [
      "server",
      pathOf(SERVER),
    ]]),
    folder: tests.folder,
    target: "node",
  });
  const result = await run([
    ...[
      "node",
      "--enable-source-maps",
      "--test",
      "--test-concurrency=1",
      "--test-reporter=spec",
    ],
    ...(tests.filter === ""
      ? []
      : [`--test-name-pattern=${escapePattern(tests.filter)}`]),
    ...files.map((file) => `${tests.folder}/${file}.mjs`),
  ], { env: { POSTLUDE_RUNTIME: "node" } });
  return countTests(result, tests, {
    failed: /^ℹ (?:fail|cancelled) (\d+)$/gm,
    passed: /^ℹ pass (\d+)$/gm,
  });
}

const SERVER = "tests/harness/servers/node.ts";

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, root));
}
