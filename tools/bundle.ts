import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type BuildOptions, type Plugin, stop } from "esbuild";
import { packageEntries, root } from "./project.ts";
import { stdAssertPath } from "./std_assert.ts";

/** What {@linkcode bundle} makes, and where. */
export interface BundleOptions {
  /** Name of the bundle, without extension, to the path of the file it starts from. */
  readonly files: Readonly<Record<string, string>>;
  /** The folder to write to. */
  readonly folder: string;
  /** The runtime that is to run them. Node finds packages in node_modules; workerd gets them bundled. */
  readonly target: "node" | "workerd";
  /**
   * Whether functions and classes keep their names, and files their source maps. An application's
   * own build does not: a kept name costs a call for each function that is made.
   *
   * @default {true}
   */
  readonly debug?: boolean;
  /** Whether the text is made as short as it can be; left out, it is not. */
  readonly minify?: boolean;
}

/** Turns TypeScript into `.mjs` files with source maps, for the runtimes that run no TypeScript. */
export function bundle(options: BundleOptions): Promise<void> {
  // one at a time: the end of one stops esbuild's own process
  const bundled = last.then(() => buildFiles(options));
  last = bundled.catch(() => {});
  return bundled;
}

let last: Promise<void> = Promise.resolve();

async function buildFiles(
  { debug = true, files, folder, minify = false, target }: BundleOptions,
): Promise<void> {
  await build({
    absWorkingDir: fileURLToPath(root),
    bundle: true,
    entryPoints: { ...files },
    format: "esm",
    keepNames: debug,
    logLevel: "error",
    minify,
    outExtension: { ".js": ".mjs" },
    outdir: folder,
    plugins: [names, builtins, ownUrl],
    sourcemap: debug && "inline",
    tsconfigRaw: {},
    ...TARGETS[target],
  }).finally(stop); // else esbuild's own process stays
}

const TARGETS: Record<BundleOptions["target"], BuildOptions> = {
  node: { packages: "external", platform: "node", target: "node20" },
  workerd: {
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    mainFields: ["module", "main"],
    platform: "neutral",
    target: "es2024",
  },
};

/** Resolves the names that deno.json defines and node_modules does not hold. */
const names: Plugin = {
  name: "names",
  setup({ onResolve }): void {
    const files = packageEntries().set("@std/assert", stdAssertPath());
    onResolve({ filter: /^@(postlude|std)\// }, ({ path }) => {
      const file = files.get(path);
      return file === undefined ? undefined : { path: file };
    });
  },
};

/** Packages import or require `util`, where workerd knows `import "node:util"` only. */
const builtins: Plugin = {
  name: "builtins",
  setup({ onLoad, onResolve }): void {
    const known = new Set(builtinModules);
    onResolve({ filter: /^[a-z_/]+$/ }, ({ kind, path }) => {
      if (!known.has(path)) return undefined;
      return kind === "require-call"
        ? { namespace: "builtins", path }
        : { external: true, path: `node:${path}` };
    });
    onLoad({ filter: /./, namespace: "builtins" }, ({ path }) => ({
      contents: `export * from "node:${path}";`,
    }));
  },
};

/** Keeps `import.meta.url` what it was in the source, so that a file finds its neighbours. */
const ownUrl: Plugin = {
  name: "own-url",
  setup({ initialOptions, onLoad }): void {
    initialOptions.define = {
      ...initialOptions.define,
      "import.meta.url": "importMetaUrl",
    };
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const url = JSON.stringify(pathToFileURL(path).href);
      return {
        contents: `const importMetaUrl = ${url};${await readFile(
          path,
          "utf8",
        )}`,
        loader: "ts",
      };
    });
  },
};
