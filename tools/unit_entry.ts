import { fileURLToPath } from "node:url";
import { root } from "./project.ts";
import type { TestRun } from "./test_run.ts";

/**
 * Writes a module that imports all unit tests: a runtime that runs it starts once for all of them, and
 * loads what they share once.
 *
 * @param tests The run.
 * @param more Files that follow the tests; what the last one exports by default, the module does too.
 * @returns Its path.
 */
export async function unitEntry(
  { folder, unit }: TestRun,
  ...more: string[]
): Promise<string> {
  const paths = [...unit, ...more].map((file) =>
    JSON.stringify(fileURLToPath(new URL(file, root)))
  );
  const lines = paths.map((path) => `import ${path};\n`);
  if (more.length > 0) lines.push(`export { default } from ${paths.at(-1)};\n`);
  const entry = `${folder}/unit_tests${more.length > 0 ? "_of_worker" : ""}.ts`;
  await Deno.writeTextFile(entry, lines.join(""));
  return entry;
}

/**
 * Whether a job is the one of the unit tests.
 *
 * @param tests The run.
 * @param files The files of the job.
 */
export function isUnitJob(
  { unit }: TestRun,
  files: readonly string[],
): boolean {
  return files.length > 0 && files.every((file) => unit.includes(file));
}
