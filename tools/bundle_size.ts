import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, stop } from "esbuild";
import { packageEntries, root } from "./project.ts";

/** What a bundler makes of a module. */
export interface BundleSize {
  /** Bytes, minified. */
  readonly minified: number;
  /** The same, compressed by gzip. */
  readonly gzipped: number;
  /** The text. */
  readonly text: string;
  /** Bytes of each source file in it, minified, by its path from the root of this project. */
  readonly files: ReadonlyMap<string, number>;
}

/**
 * Bundles a module as an application ships it, without what comes from npm, and weighs it.
 *
 * @param source The module; the entries of this package go by their names.
 * @param folder Where the package is looked for in node_modules; the sources are taken when left out.
 */
export async function bundleSize(
  source: string,
  folder?: string,
): Promise<BundleSize> {
  const { metafile, outputFiles: [output] } = await build({
    ...(folder === undefined && { alias: aliases() }),
    bundle: true,
    external: ["node:*", "cloudflare:*", ...PEERS],
    format: "esm",
    absWorkingDir: fileURLToPath(root),
    logLevel: "error",
    metafile: true,
    minify: true,
    platform: "neutral",
    stdin: { contents: source, resolveDir: folder ?? fileURLToPath(root) },
    target: "es2022",
    tsconfigRaw: {},
    write: false,
  }).finally(stop);
  const { contents, text } = output!;
  const gzipped = gzipSync(contents, { level: 9 }).length;
  const [main] = Object.values(metafile.outputs);
  const files = new Map(
    Object.entries(main?.inputs ?? {}).map((
      [path, file],
    ) => [path, file.bytesInOutput]),
  );
  return { gzipped, minified: contents.length, text, files };
}

/** What an entry may import from npm. */
const PEERS = ["@opentelemetry/api", "bullmq", "hono", "ioredis", "pg"];

/** The longer names first: `alias` takes a name for the folder of what goes below it. */
function aliases(): Record<string, string> {
  return Object.fromEntries([...packageEntries()].reverse());
}
