import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of the project, with a slash at its end. */
export const root: URL = new URL("../", import.meta.url);

/** The part of deno.json that the tools read. */
export interface DenoConfig {
  /** The name of this package. */
  readonly name: string;
  /** What it is, in a sentence. */
  readonly description: string;
  /** Public entry, such as `"."` or `"./testing"`, to its file. */
  readonly exports: Readonly<Record<string, string>>;
  /** Bare specifier to what it stands for. */
  readonly imports: Readonly<Record<string, string>>;
  /** Options of the type checker. */
  readonly compilerOptions: Readonly<Record<string, unknown>>;
}

/** Reads deno.json: the one place where names, entries and versions are written. */
export function readDenoConfig(): DenoConfig {
  return JSON.parse(readFileSync(new URL("deno.json", root), "utf8"));
}

/**
 * The imports of deno.json, for an import map: that one does not extend a package to its subpaths,
 * so each has a second line.
 */
export function mappedImports(): Record<string, string> {
  const imports: Record<string, string> = {};
  for (const [name, target] of Object.entries(readDenoConfig().imports)) {
    imports[name] = target;
    imports[`${name}/`] = target.replace(/^(npm|jsr):/, "$1:/") + "/";
  }
  return imports;
}

/** Maps every public specifier of this package to the path of its file, for runtimes that read no deno.json. */
export function packageEntries(): Map<string, string> {
  const { name, exports } = readDenoConfig();
  return new Map(
    Object.entries(exports).map((
      [entry, file],
    ) => [name + entry.slice(1), fileURLToPath(new URL(file, root))]),
  );
}
