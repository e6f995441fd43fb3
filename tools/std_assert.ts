import { fileURLToPath, pathToFileURL } from "node:url";
import process from "node:process";
import { mappedImports, readDenoConfig, root } from "./project.ts";

/** The module that stands for `@std/assert` where JSR cannot be reached. */
export const STAND_IN: string = fileURLToPath(
  new URL("tests/harness/std_assert.ts", root),
);

/** The file that stands for `@std/assert` on the runtimes that read no deno.json. */
export function stdAssertPath(): string {
  return process.env["POSTLUDE_STD_ASSERT"] ?? STAND_IN;
}

/** The `@std/assert` that this run uses. */
export interface StdAssert {
  /** The file that stands for it on the runtimes that read no deno.json. */
  readonly path: string;
  /** Arguments that make Deno use it too; none when it is the real one. */
  readonly denoArguments: readonly string[];
}

/**
 * Fetches `@std/assert` from JSR and bundles it for the runtimes that cannot
 * fetch it themselves; where that fails, takes the stand-in and says so.
 *
 * @param folder A temporary folder for what is made.
 */
export async function findStdAssert(folder: string): Promise<StdAssert> {
  const path = `${folder}/std_assert.mjs`;
  if (await bundleFromJsr(folder, path)) return { path, denoArguments: [] };
  console.log(
    "!! JSR cannot be reached: @std/assert is the stand-in over node:assert, tests/harness/std_assert.ts",
  );
  const importMap = `${folder}/import_map.json`;
  await Deno.writeTextFile(
    importMap,
    JSON.stringify({
      imports: { ...mappedImports(), "@std/assert": pathToFileURL(STAND_IN) },
    }),
  );
  return { path: STAND_IN, denoArguments: ["--import-map", importMap] };
}

async function bundleFromJsr(
  folder: string,
  output: string,
): Promise<boolean> {
  const specifier = readDenoConfig().imports["@std/assert"];
  const entry = `${folder}/jsr.ts`;
  await Deno.writeTextFile(entry, `export * from "${specifier}";\n`);
  const options = ["--no-config", "--no-lock", "--quiet", "--output", output];
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", ...options, entry],
    cwd: folder,
    signal: AbortSignal.timeout(60_000),
    stderr: "null",
    stdout: "null",
  }).output();
  return success;
}
