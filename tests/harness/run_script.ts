import { fileURLToPath } from "node:url";
import process from "node:process";
import { bundleOnce } from "./bundle_once.ts";
import { root } from "../../tools/project.ts";
import { RunningProcess } from "./running_process.ts";
import { runtime } from "./runtime.ts";

/**
 * Runs a TypeScript file in a process of its own, on the runtime under test.
 *
 * @param path The file, from the root of the project.
 * @param env Environment variables.
 * @returns The process; dispose of it with `await using`.
 */
export async function runScript(
  path: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningProcess> {
  return new RunningProcess([
    process.execPath,
    ...(runtime === "deno" ? ["run", "-A", "--quiet", "--no-check"] : []),
    ...(runtime === "node" ? ["--enable-source-maps"] : []),
    await runnable(path),
  ], env);
}

/**
 * The path of a file that the runtime under test can run. Node 20 runs no TypeScript, so for it the
 * file is bundled; so it is for a thread of Bun, which does not know the name of this package.
 *
 * @param path The file, from the root of the project.
 * @param bundled Whether to bundle it.
 * @returns The path.
 */
export async function runnable(
  path: string,
  bundled = runtime === "node",
): Promise<string> {
  const file = fileURLToPath(new URL(path, root));
  return bundled ? await bundleOnce(file, "node") : file;
}
