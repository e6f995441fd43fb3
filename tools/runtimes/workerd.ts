import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { TestResult } from "../../tests/harness/worker.ts";
import { bundle } from "../bundle.ts";
import { root } from "../project.ts";
import {
  jobsOf,
  type TestCount,
  type TestJob,
  type TestRun,
  type TestRuntime,
} from "../test_run.ts";
import { startWorkerd } from "../workerd.ts";
import { denoTest } from "./deno.ts";

/** Runs the unit tests inside workerd, and the other tests from Deno against servers on workerd. */
export const workerd: TestRuntime = {
  jobs: jobsOf,
  run: (tests, job) =>
    job.files.some((file) => tests.processes.includes(file))
      ? denoTest(tests, job, "workerd")
      : testInside(tests, job),
};

async function testInside(
  tests: TestRun,
  { env, files, onLine }: TestJob,
): Promise<TestCount> {
  let output = "";
  const log = (line: string): void => {
    output += `${line}\n`;
    onLine(line);
  };
  const seed = Deno.env.get("POSTLUDE_SEED");
  await using workerd = await startWorkerd(await bundleTests(tests, files), {
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
async function bundleTests(
  { folder }: TestRun,
  files: readonly string[],
): Promise<string> {
  const modules = [...files, "tests/harness/worker.ts"].map((file) =>
    fileURLToPath(new URL(file, root))
  );
  const source =
    modules.map((path) => `import ${JSON.stringify(path)};\n`).join("") +
    `export { default } from ${JSON.stringify(modules.at(-1))};\n`;
  await Deno.writeTextFile(`${folder}/unit_tests.ts`, source);
  await bundle({
    files: { unit_tests: `${folder}/unit_tests.ts` },
    folder,
    target: "workerd",
  });
  return `${folder}/unit_tests.mjs`;
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
