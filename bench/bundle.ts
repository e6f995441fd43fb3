import { fileURLToPath } from "node:url";
import { build, type BuildOptions, stop } from "esbuild";
import { packageEntries, root } from "../tools/package_entries.ts";

/**
 * Turns files into `.mjs` for Node or workerd, as an application's own build does: without the
 * names that the tests keep, which cost a call for each function that is made.
 *
 * @param files The name of each bundle to the file it starts from, relative to the project.
 * @param folder Where they go.
 * @param target Who runs them.
 */
export async function bundle(
  files: Readonly<Record<string, string>>,
  folder: string,
  target: "node" | "workerd",
): Promise<void> {
  await build({
    absWorkingDir: fileURLToPath(root),
    alias: Object.fromEntries(packageEntries()),
    bundle: true,
    entryPoints: { ...files },
    format: "esm",
    logLevel: "error",
    outExtension: { ".js": ".mjs" },
    outdir: folder,
    tsconfigRaw: {},
    ...TARGETS[target],
  }).finally(stop);
}

const TARGETS: Record<"node" | "workerd", BuildOptions> = {
  node: { packages: "external", platform: "node", target: "node20" },
  workerd: {
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    mainFields: ["module", "main"],
    platform: "neutral",
    target: "es2024",
  },
};
