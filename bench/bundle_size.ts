import { bundleSize } from "../tools/bundle_size.ts";
import { packageEntries } from "../tools/package_entries.ts";
import { table } from "./tables.ts";

/**
 * The size of each entry as an application would ship it, without what comes from npm.
 *
 * @returns A table of bytes, minified, and compressed by gzip.
 */
export async function bundleSizes(): Promise<string> {
  const rows: string[][] = [];
  for (const name of packageEntries().keys()) {
    const { gzipped, minified } = await bundleSize(`export * from "${name}";`);
    rows.push([name, String(minified), String(gzipped)]);
  }
  return table(["entry", "minified", "gzipped"], rows);
}
