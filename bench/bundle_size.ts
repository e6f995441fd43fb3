import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, stop } from "esbuild";
import { packageEntries, root } from "../tools/package_entries.ts";
import { table } from "./tables.ts";

/**
 * The size of each entry as an application would ship it, without what comes from npm.
 *
 * @returns A table of bytes, minified, and compressed by gzip.
 */
export async function bundleSizes(): Promise<string> {
  const rows: string[][] = [];
  for (const [name, path] of packageEntries()) {
    const { outputFiles } = await build({
      absWorkingDir: fileURLToPath(root),
      bundle: true,
      entryPoints: [path],
      format: "esm",
      logLevel: "error",
      minify: true,
      packages: "external",
      platform: "neutral",
      external: ["node:*", "cloudflare:*"],
      target: "es2022",
      tsconfigRaw: {},
      write: false,
    });
    const bytes = outputFiles[0]!.contents;
    const gzipped = gzipSync(bytes, { level: 9 }).length;
    rows.push([name, String(bytes.length), String(gzipped)]);
  }
  await stop();
  return table(["entry", "minified", "gzipped"], rows);
}
