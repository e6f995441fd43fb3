/**
 * Makes the npm package, a tarball, from what deno.json says: `deno task pack`.
 *
 * `deno pack` turns the sources into JavaScript and declarations. What it does not know is that
 * nothing from npm is needed, unless an entry other than the first is imported.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { run } from "./command.ts";
import { readDenoConfig, root } from "./project.ts";

if (import.meta.main) {
  const [folder = "npm"] = Deno.args;
  console.log(await pack(fileURLToPath(new URL(folder, root))));
}

/** The part of a package.json that is read here. */
interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>;
}

/**
 * Makes the npm package.
 *
 * @param folder Where to; it is made, and what it holds may be written over.
 * @returns The path of the tarball.
 */
export async function pack(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const draft = `${folder}/draft.tgz`;
  const options = ["--allow-dirty", "--no-source-maps", "--output", draft]; // the maps hold paths of this machine
  await execute(Deno.execPath(), "pack", ...options);
  await execute("tar", "-xzf", draft, "-C", folder);
  await Deno.remove(draft);
  const path = `${folder}/package/package.json`;
  const made: PackageJson = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify(packageJson(made), null, 2));
  const destination = ["--pack-destination", folder];
  const output = await execute(
    "npm",
    "pack",
    `${folder}/package`,
    ...destination,
  );
  await Deno.remove(`${folder}/package`, { recursive: true });
  return `${folder}/${/^\S+\.tgz$/m.exec(output)?.[0]}`;
}

function packageJson(
  { dependencies, ...made }: PackageJson,
): Record<string, unknown> {
  const optional = Object.keys(dependencies).map((name) =>
    [name, { optional: true }] as const
  );
  return {
    ...made,
    description: readDenoConfig().description,
    ...repository(),
    engines: { node: ">=20" },
    sideEffects: ["./src/context.js"], // a bare import switches it on
    peerDependencies: dependencies,
    peerDependenciesMeta: Object.fromEntries(optional),
  };
}

/** A release tells where it was made: npm compares this with what signed the package. */
function repository(): Record<string, unknown> {
  const { GITHUB_REPOSITORY, GITHUB_SERVER_URL } = Deno.env.toObject();
  if (GITHUB_REPOSITORY === undefined) return {};
  const url = `git+${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}.git`;
  return { repository: { type: "git", url } };
}

async function execute(...command: string[]): Promise<string> {
  const { code, output } = await run(command);
  if (code !== 0) throw new Error(`Cannot pack: ${command[0]}\n${output}`);
  return output;
}
