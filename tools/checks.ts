import { mappedImports, readDenoConfig } from "./project.ts";

/** The command that runs this Deno, wherever it came from. */
function deno(): string {
  return `npx -y deno@${Deno.version.deno}`;
}

/** A check that is no test: what `deno` is called with, and how its answer is told. */
export interface Check {
  /** Its name. */
  readonly name: string;
  /** The arguments of `deno`. */
  readonly args: readonly string[];
  /** Counts what it looked at in its output, where that tells. */
  readonly counted?: RegExp;
  /** What that is, and that it is well. */
  readonly found: string;
  /** How to mend it. */
  readonly mend: string;
}

/**
 * All checks that are no tests.
 *
 * @param folder A temporary folder, in which modules find the packages of this project.
 * @param denoArguments Arguments that let Deno find `@std/assert`.
 */
export async function checksOf(
  folder: string,
  denoArguments: readonly string[],
): Promise<Check[]> {
  return [
    ...styleChecks(),
    ...await typeChecks(folder, denoArguments),
    ...await docChecks(folder, denoArguments),
    {
      name: "imports",
      args: ["run", "-A", "tools/import_graph.ts"],
      counted: /^(\d+) files on/gm,
      found: "files import downwards, in no circle",
      mend:
        "the rooms and their order are in CONTRIBUTING: move what both files need to the room below, or hand it over as a parameter",
    },
    {
      name: "publishing",
      args: ["publish", "--dry-run", "--allow-dirty"],
      counted: /^ +file:\/\/\//gm,
      found: "files can be published to JSR",
      mend:
        `give what is exported a type that is written down; what is published says \`publish\` in deno.json; again: ${deno()} publish --dry-run --allow-dirty`,
    },
  ];
}

function styleChecks(): Check[] {
  return [
    {
      name: "format",
      args: ["fmt", "--check"],
      counted: /^Checked (\d+) files?$/gm,
      found: "files are formatted",
      mend: `${deno()} fmt`,
    },
    {
      name: "lint",
      args: ["lint"],
      counted: /^Checked (\d+) files?$/gm,
      found: "files keep the rules in deno.json",
      mend:
        `${deno()} lint --fix mends some; "hint" above says how to mend the others`,
    },
  ];
}

/** Of everything, and of what users import where there are no types of Deno. */
async function typeChecks(
  folder: string,
  denoArguments: readonly string[],
): Promise<Check[]> {
  const { compilerOptions } = readDenoConfig();
  const lib = ["esnext", "dom", "dom.iterable", "dom.asynciterable"];
  const config = `${folder}/web.json`;
  const options = { compilerOptions: { ...compilerOptions, lib } };
  await Deno.writeTextFile(config, JSON.stringify(options));
  return [
    {
      name: "types",
      args: ["check", ...denoArguments, "."],
      found: "all files type-check",
      mend:
        `the place is above, behind "at"; one file alone: ${deno()} check <file>`,
    },
    {
      name: "types with the web's libraries alone",
      args: ["check", "--config", config, "mod.ts"],
      found: "what mod.ts reaches needs no type of Deno",
      mend:
        "what mod.ts reaches names a type that only Deno has: declare the members that are used, as src/response_end/ does",
    },
  ];
}

async function docChecks(
  folder: string,
  denoArguments: readonly string[],
): Promise<Check[]> {
  const entries = Object.values(readDenoConfig().exports);
  const opaque = await opaquePackages(folder);
  return [
    {
      name: "lint of the docs",
      args: ["doc", "--lint", "--import-map", opaque, ...entries],
      counted: /^Checked (\d+) files?$/gm,
      found: "entries have docs on all they export",
      mend:
        "write the doc above the symbol, or export the type that an exported one names",
    },
    {
      name: "examples in the docs",
      args: [
        ...["test", "--doc", "-A", ...denoArguments, ...entries],
        ...["README.md", "src", "docs"],
      ],
      counted: /^ok \| (\d+) passed/gm,
      found: "examples type-check and run",
      mend:
        `the title is the file and the line; one file alone: ${deno()} test --doc -A <file>; what cannot run is \`\`\`ts ignore`,
    },
  ];
}

/**
 * An import map with nothing in the packages: the docs of this one may name a type of theirs, which
 * is documented there.
 */
async function opaquePackages(folder: string): Promise<string> {
  const imports = mappedImports();
  for (const name of Object.keys(readDenoConfig().imports)) {
    imports[name] = "data:application/typescript,export{}";
  }
  const path = `${folder}/opaque_packages.json`;
  await Deno.writeTextFile(path, JSON.stringify({ imports }));
  return path;
}

/**
 * What a check found, in a sentence.
 *
 * @param check The check.
 * @param output What it printed.
 */
export function finding(
  { counted, found }: Pick<Check, "counted" | "found">,
  output: string,
): string {
  if (counted === undefined) return found;
  const count = [...output.matchAll(counted)].reduce(
    (sum, [, count]) => sum + Number(count ?? 1),
    0,
  );
  return `${count} ${found}`;
}
