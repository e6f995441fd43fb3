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
import { isUnitJob, unitEntry } from "../unit_entry.ts";

const UNIT = "unit_tests";
const SERVER = "tests/harness/servers/node.ts";

/** The bundles of a run, which its jobs share. */
const bundles = new WeakMap<TestRun, Promise<void>>();

/**
 * Bundles the tests to JavaScript and runs them with `node:test`: each job in one process, where
 * `node --test` would start one more for each file.
 */
export const node: TestRuntime = {
  jobs: jobsOf,
  async run(tests, { env, files, onLine }) {
    const bundled = bundles.get(tests) ?? bundleTests(tests);
    bundles.set(tests, bundled);
    await bundled;
    const [file] = isUnitJob(tests, files) ? [UNIT] : files;
    const result = await run([
      ...["node", "--enable-source-maps", "--test-reporter=spec"],
      ...(tests.filter === ""
        ? []
        : [`--test-name-pattern=${escapePattern(tests.filter)}`]),
      `${tests.folder}/${file}.mjs`,
    ], { env: { ...env, POSTLUDE_RUNTIME: "node" }, onLine });
    return countTests(result, tests, {
      failed: /^ℹ (?:fail|cancelled) (\d+)$/gm,
      passed: /^ *✔ /gm,
    });
  },
};

async function bundleTests(tests: TestRun): Promise<void> {
  const files = Object.fromEntries(
    tests.processes.map((file) => [file, pathOf(file)]),
  );
  if (tests.unit.length > 0) files[UNIT] = await unitEntry(tests);
  await bundle({
    files: { ...files, server: pathOf(SERVER) },
    folder: tests.folder,
    target: "node",
  });
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, root));
}
