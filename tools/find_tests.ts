import { root } from "./package_entries.ts";

/** The test files of a run, relative to the root of the project. */
export interface TestFiles {
  /** Files without sockets. */
  readonly unit: readonly string[];
  /** Files that start servers: those below `tests/sockets/`. */
  readonly sockets: readonly string[];
}

/** Sorts the given test files by kind; takes all below `tests/` when none is given. */
export async function findTests(files: readonly string[]): Promise<TestFiles> {
  const all = files.length > 0 ? files : await Array.fromAsync(walk("tests"));
  const isSockets = (file: string): boolean =>
    file.startsWith("tests/sockets/");
  return {
    sockets: all.filter(isSockets).sort(),
    unit: all.filter((file) => !isSockets(file)).sort(),
  };
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
