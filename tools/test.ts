/**
 * Runs the tests on every runtime, several files at once:
 * `deno task test [--all] [--runtime <name>] [--filter <text>] [--jobs <count>] [--verbose] [--table] [<file or folder>…]`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { type RuntimeName, RUNTIMES } from "../tests/harness/runtime.ts";
import { findTests } from "./find_tests.ts";
import { runFolder } from "./run_folder.ts";
import { findStdAssert } from "./std_assert.ts";
import { runJobs } from "./test_jobs.ts";
import { failureLines, missingLines, testTable } from "./test_report.ts";
import { clockTime, slowestLines, summaryTable } from "./test_summary.ts";

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      all: { default: false, type: "boolean" },
      filter: { default: "", type: "string" },
      jobs: { type: "string" },
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
  readonly all: boolean;
  readonly filter: string;
  readonly jobs?: string;
  readonly runtime: readonly string[];
  readonly table: boolean;
  readonly verbose: boolean;
}

interface Total {
  readonly failed: number;
  readonly passed: number;
}

async function test(paths: string[], options: Options): Promise<Total> {
  const runtimes = options.runtime.length > 0
    ? options.runtime.map(runtimeNamed)
    : RUNTIMES;
  const files = await findTests(paths);
  await using folder = await runFolder();
  const { denoArguments, path } = await findStdAssert(folder.bundles);
  Deno.env.set("POSTLUDE_BUNDLES", folder.bundles);
  Deno.env.set("POSTLUDE_STD_ASSERT", path);
  Deno.env.set("POSTLUDE_ALL", options.all ? "yes" : "no");
  Deno.env.set("TMPDIR", folder.jobFolder());
  const { filter, verbose } = options;
  const tests = { ...files, denoArguments, filter, folder: folder.bundles };
  const { elapsed, failures, reports, summaries, timed } = await runJobs(
    tests,
    {
      jobFolder: () => folder.jobFolder(),
      lanes: lanesOf(options.jobs),
      runtimes,
      verbose,
    },
  );
  const missing = missingLines(reports);
  for (const line of missing) console.log(line);
  console.log(["", "the slowest:", ...slowestLines(timed)].join("\n"));
  for (const job of failures) {
    console.log(["", ...failureLines(job)].join("\n"));
  }
  console.log(["", ...summaryTable(summaries)].join("\n"));
  console.log(`all in ${clockTime(elapsed)}\n`);
  if (options.table) console.log(`${testTable(reports)}\n`);
  const sum = (key: keyof Total): number =>
    [...summaries.values()].reduce((sum, summary) => sum + summary[key], 0);
  return { failed: sum("failed"), passed: sum("passed") };
}

/** How many jobs run at once: two more than there are cores, since a test often waits. */
function lanesOf(text: string | undefined): number {
  if (text === undefined) return navigator.hardwareConcurrency + 2;
  const lanes = Number(text);
  if (Number.isInteger(lanes) && lanes > 0) return lanes;
  throw new RangeError(
    `Cannot run "${text}" jobs at once: write a whole number from 1`,
  );
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
