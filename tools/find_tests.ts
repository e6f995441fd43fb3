import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { root } from "./project.ts";

/** The test files of a run, relative to the root of the project. */
export interface TestFiles {
  /** Files that run inside every runtime. */
  readonly unit: readonly string[];
  /** Files that start processes or servers: their names end in `_process_test.ts`. */
  readonly processes: readonly string[];
  /** Files about the package as it is published, for Deno alone: those below `tests/package/`. */
  readonly package: readonly string[];
}

/**
 * Sorts test files by kind.
 *
 * @param paths Files and folders, from the root of the project; all of `tests/` when there is none.
 * @throws {Error} If there is nothing at one of them.
 */
export async function findTests(paths: readonly string[]): Promise<TestFiles> {
  const files = new Set<string>();
  for (const path of paths.length > 0 ? paths : ["tests"]) {
    for (const file of await filesAt(path)) files.add(file);
  }
  const ofKind = (kind: keyof TestFiles): string[] =>
    [...files].filter((file) => kindOf(file) === kind).sort();
  return {
    package: ofKind("package"),
    processes: ofKind("processes"),
    unit: ofKind("unit"),
  };
}

/** A file is taken as it is given; of a folder, all that end in `_test.ts`. */
async function filesAt(path: string): Promise<string[]> {
  const url = new URL(path, root);
  const name = url.href.slice(root.href.length);
  if (!url.href.startsWith(root.href) || !existsSync(url)) {
    throw new Error(
      `Cannot test ${path}: there is no such file in this project; write it from the root, such as tests/hono_test.ts`,
    );
  }
  if (!statSync(url).isDirectory()) return [name];
  const inside = await readdir(url, { recursive: true });
  return inside.filter((file) => file.endsWith("_test.ts"))
    .map((file) => `${name.replace(/\/$/, "")}/${file}`);
}

function kindOf(file: string): keyof TestFiles {
  if (file.startsWith("tests/package/")) return "package";
  return file.endsWith("_process_test.ts") ? "processes" : "unit";
}
