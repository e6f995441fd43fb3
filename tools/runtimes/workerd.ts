import type { Readable } from "node:stream";
import type { TestResult } from "../../tests/harness/worker.ts";
import { bundle } from "../bundle.ts";
import {
  jobsOf,
  type TestCount,
  type TestJob,
  type TestRun,
  type TestRuntime,
} from "../test_run.ts";
import { isUnitJob, unitEntry } from "../unit_entry.ts";
import { startWorkerd } from "../workerd.ts";
import { denoTest } from "./deno.ts";

/** Runs the unit tests inside workerd, and the other tests from Deno against servers on workerd. */
export const workerd: TestRuntime = {
  jobs: jobsOf,
  run: (tests, job) =>
    isUnitJob(tests, job.files)
      ? testInside(tests, job)
      : denoTest(tests, job, "workerd"),
};

async function testInside(
  tests: TestRun,
  { env, onLine }: TestJob,
): Promise<TestCount> {
  let output = "";
  const log = (line: string): void => {
    output += `${line}\n`;
    onLine(line);
  };
  const seed = Deno.env.get("POSTLUDE_SEED");
  await using workerd = await startWorkerd(await bundleTests(tests), {
    d1: ["DB"],
    env: {
      ...env,
      POSTLUDE_RUNTIME: "workerd",
      ...(seed !== undefined && { POSTLUDE_SEED: seed }),
    },
    onOutput: (...streams) =>
      streams.forEach((stream) => eachLine(stream, log)),
  });
  const names: string[] = await (await fetch(workerd.url)).json();
  const count = { failed: 0, passed: 0 };
  for (const name of names.filter((name) => name.includes(tests.filter))) {
    const start = performance.now();
    const { error } = await runTest(workerd.url, name);
    const time = `(${Math.round(performance.now() - start)}ms)`;
    count[error === undefined ? "passed" : "failed"]++;
    log(`${name} ... ${error === undefined ? "ok" : "FAILED"} ${time}`);
    if (error !== undefined) log(error);
  }
  return { ...count, output };
}

function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  });
}

/** Bundles all unit tests and the worker that runs them into one file. */
async function bundleTests(tests: TestRun): Promise<string> {
  const entry = await unitEntry(tests, "tests/harness/worker.ts");
  await bundle({
    files: { unit_tests_of_worker: entry },
    folder: tests.folder,
    target: "workerd",
  });
  return entry.replace(/\.ts$/, ".mjs");
}

async function runTest(url: URL, name: string): Promise<TestResult> {
  try {
    const response = await fetch(url, { body: name, method: "POST" });
    if (response.ok) return await response.json();
    return { error: await response.text(), name };
  } catch (error) {
    return { error: String(error), name };
  }
}
