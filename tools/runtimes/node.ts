import { fileURLToPath } from "node:url";
import { bundle } from "../bundle.ts";
import { run } from "../command.ts";
import { countTests } from "../count_tests.ts";
import { root } from "../project.ts";
import {
  escapePattern,
  jobsOf,
  type TestRun,
  type TestRuntime,
} from "../test_run.ts";

const SERVER = "tests/harness/servers/node.ts";

/** The bundles of a run, which its jobs share. */
const bundles = new WeakMap<TestRun, Promise<void>>();

/** Bundles the tests to JavaScript and runs them with `node --test`. */
export const node: TestRuntime = {
  jobs: jobsOf,
  async run(tests, { env, files, onLine }) {
    const bundled = bundles.get(tests) ?? bundleTests(tests);
    bundles.set(tests, bundled);
    await bundled;
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
    ], { env: { ...env, POSTLUDE_RUNTIME: "node" }, onLine });
    return countTests(result, tests, {
      failed: /^ℹ (?:fail|cancelled) (\d+)$/gm,
      // not "ℹ pass 1", which a file without a test has too
      passed: /^ *✔ (?!.*\.mjs \([\d.]+ms\)$)/gm,
    });
  },
};

async function bundleTests(tests: TestRun): Promise<void> {
  const files = [...tests.unit, ...tests.processes];
  await bundle({
    files: Object.fromEntries([...files.map((file) => [file, pathOf(file)]), [
      "server",
      pathOf(SERVER),
    ]]),
    folder: tests.folder,
    target: "node",
  });
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, root));
}
