/**
 * Checks everything that CI checks, the tests at last: `deno task ok [--skip-tests]`.
 *
 * @module
 */
import { run } from "./command.ts";
import { mappedImports, readDenoConfig, root } from "./project.ts";
import { findStdAssert } from "./std_assert.ts";
import { temporaryFolder } from "./temporary_folder.ts";

const config = readDenoConfig();
const entries = Object.values(config.exports);

await using folder = await temporaryFolder();
const { denoArguments } = await findStdAssert(folder.path);
const checks: Record<string, string[]> = {
  "format": ["fmt", "--check"],
  "lint": ["lint"],
  "types": ["check", ...denoArguments, "."],
  "types with the web's libraries alone": [
    "check",
    "--config",
    await webConfig(),
    "mod.ts",
  ],
  "lint of the docs": [
    "doc",
    "--lint",
    "--import-map",
    await opaquePackages(),
    ...entries,
  ],
  "examples in the docs": [
    "test",
    "--doc",
    "-A",
    ...denoArguments,
    ...entries,
    ...["README.md", "src", "docs"],
  ],
  "publishing": ["publish", "--dry-run", "--allow-dirty"],
};

let failed = 0;
for (const [name, args] of Object.entries(checks)) {
  const { code, output } = await run([Deno.execPath(), ...args]);
  if (code !== 0) failed++;
  console.log(code === 0 ? `${name}: ok` : `${output}\n${name}: FAILED`);
}
console.log(
  `checks: ${Object.keys(checks).length - failed} passed, ${failed} failed`,
);

if (!Deno.args.includes("--skip-tests")) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "test"],
    cwd: root,
  });
  const { success } = await command.spawn().status;
  if (!success) failed++;
}
Deno.exitCode = failed === 0 ? 0 : 1;

/** The options of deno.json, with the libraries of the web in place of Deno's. */
async function webConfig(): Promise<string> {
  const path = `${folder.path}/web.json`;
  const lib = ["esnext", "dom", "dom.iterable", "dom.asynciterable"];
  await Deno.writeTextFile(
    path,
    JSON.stringify({ compilerOptions: { ...config.compilerOptions, lib } }),
  );
  return path;
}

/**
 * An import map with nothing in the packages: the docs of this one may name a type of theirs, which
 * is documented there.
 */
async function opaquePackages(): Promise<string> {
  const imports = mappedImports();
  for (const name of Object.keys(config.imports)) {
    imports[name] = "data:application/typescript,export{}";
  }
  const path = `${folder.path}/opaque_packages.json`;
  await Deno.writeTextFile(path, JSON.stringify({ imports }));
  return path;
}
