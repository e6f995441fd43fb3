/**
 * Runs the tests on every runtime, one after another:
 * `deno task test [--runtime <name>] [--filter <text>] [--verbose] [--table] [<file or folder>…]`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type RuntimeName, RUNTIMES } from "../tests/harness/runtime.ts";
import { findTests } from "./find_tests.ts";
import { testBun } from "./runtimes/bun.ts";
import { testDeno } from "./runtimes/deno.ts";
import { testNode } from "./runtimes/node.ts";
import { testWorkerd } from "./runtimes/workerd.ts";
import { findStdAssert } from "./std_assert.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import {
  missingLines,
  readReport,
  type TestReport,
  testTable,
} from "./test_report.ts";
import type { TestCount, TestRun } from "./test_run.ts";

const TESTERS: Readonly<
  Record<RuntimeName, (tests: TestRun) => Promise<TestCount>>
> = {
  bun: testBun,
  deno: testDeno,
  node: testNode,
  workerd: testWorkerd,
};

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      filter: { default: "", type: "string" },
      runtime: { default: [], multiple: true, type: "string" },
      table: { default: false, type: "boolean" },
      verbose: { default: false, type: "boolean" },
    },
  });
  const { failed, passed } = await test(positionals, values);
  console.log(`${passed} passed, ${failed} failed`);
  Deno.exit(failed === 0 && passed > 0 ? 0 : 1);
}

interface Options {
  readonly filter: string;
  readonly runtime: readonly string[];
  readonly table: boolean;
  readonly verbose: boolean;
}

async function test(
  paths: string[],
  { filter, runtime, table, verbose }: Options,
): Promise<Omit<TestCount, "output">> {
  const runtimes = runtime.length > 0 ? runtime.map(runtimeNamed) : RUNTIMES;
  const files = await findTests(paths);
  await using folder = await temporaryFolder();
  const { denoArguments, path } = await findStdAssert(folder.path);
  Deno.env.set("POSTLUDE_BUNDLES", folder.path);
  Deno.env.set("POSTLUDE_STD_ASSERT", path);
  const tests = {
    ...files,
    denoArguments,
    filter,
    folder: folder.path,
  };
  const total = { failed: 0, passed: 0 };
  const reports = new Map<RuntimeName, TestReport>();
  for (const name of runtimes) {
    const { failed, output, passed } = await testOn(name, tests);
    if (verbose || failed > 0) console.log(output);
    const report = readReport(name, output, filter);
    reports.set(name, report);
    for (const line of missingLines(report)) console.log(line);
    console.log(
      `${name}: ${passed} passed, ${failed} failed, ${report.leftOut.size} left out`,
    );
    total.passed += passed;
    total.failed += failed;
  }
  if (table) console.log(`\n${testTable(reports)}\n`);
  return total;
}

/** A runtime that cannot start has failed: it is never left out. */
async function testOn(name: RuntimeName, tests: TestRun): Promise<TestCount> {
  try {
    return await TESTERS[name](tests);
  } catch (error) {
    return {
      failed: 1,
      output: `Cannot run the tests on ${name}: ${error}`,
      passed: 0,
    };
  }
}

function runtimeNamed(text: string): RuntimeName {
  const name = RUNTIMES.find((name) => name === text);
  if (name === undefined) {
    throw new RangeError(
      `Cannot test on "${text}": use one of ${RUNTIMES.join(", ")}`,
    );
  }
  return name;
}
