import { root } from "./package_entries.ts";

/** The test files of a run, relative to the root of the project. */
export interface TestFiles {
  /** Files without sockets. */
  readonly unit: readonly string[];
  /** Files that start servers: those below `tests/sockets/`. */
  readonly sockets: readonly string[];
  /** Files about the package as it is published, for Deno alone: those below `tests/package/`. */
  readonly package: readonly string[];
}

/** Sorts the given test files by kind; takes all below `tests/` when none is given. */
export async function findTests(files: readonly string[]): Promise<TestFiles> {
  const all = files.length > 0 ? files : await Array.fromAsync(walk("tests"));
  const { package: ofPackage = [], sockets = [], unit = [] } = Object.groupBy(
    all.toSorted(),
    kindOf,
  );
  return { package: ofPackage, sockets, unit };
}

function kindOf(file: string): keyof TestFiles {
  if (file.startsWith("tests/package/")) return "package";
  return file.startsWith("tests/sockets/") ? "sockets" : "unit";
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (
    const { isDirectory, name } of Deno.readDir(new URL(folder, root))
  ) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* walk(path);
    else if (name.endsWith("_test.ts")) yield path;
  }
}
