import { fileURLToPath } from "node:url";
import type { TestResult } from "../../tests/harness/worker.ts";
import { bundle } from "../bundle.ts";
import { root } from "../project.ts";
import type { TestCount, TestRun } from "../test_run.ts";
import { startWorkerd } from "../workerd.ts";
import { denoTest } from "./deno.ts";

/** Runs the unit tests inside workerd, and the other tests from Deno against servers on workerd. */
export async function testWorkerd(tests: TestRun): Promise<TestCount> {
  const inside = await testInside(tests);
  const processes = await denoTest(tests, [...tests.processes], "workerd");
  return {
    failed: inside.failed + processes.failed,
    output: inside.output + processes.output,
    passed: inside.passed + processes.passed,
  };
}

async function testInside(tests: TestRun): Promise<TestCount> {
  if (tests.unit.length === 0) return { failed: 0, output: "", passed: 0 };
  let output = "";
  const log = (text: unknown): void => void (output += text);
  const seed = Deno.env.get("POSTLUDE_SEED");
  await using workerd = await startWorkerd(await bundleTests(tests), {
    d1: ["DB"],
    env: {
      POSTLUDE_RUNTIME: "workerd",
      ...(seed !== undefined && { POSTLUDE_SEED: seed }),
    },
    onOutput: (...streams) =>
      streams.forEach((stream) => stream.setEncoding("utf8").on("data", log)),
  });
  const names: string[] = await (await fetch(workerd.url)).json();
  const count = { failed: 0, passed: 0 };
  for (const name of names.filter((name) => name.includes(tests.filter))) {
    const { error } = await runTest(workerd.url, name);
    count[error === undefined ? "passed" : "failed"]++;
    log(`${name} ... ${error === undefined ? "ok" : `FAILED\n${error}`}\n`);
  }
  return { ...count, output };
}

/** Bundles all unit tests and the worker that runs them into one file. */
async function bundleTests({ folder, unit }: TestRun): Promise<string> {
  const modules = [...unit, "tests/harness/worker.ts"].map((file) =>
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
