import { NEXT } from "../tests/harness/next.ts";
import { fileURLToPath } from "node:url";
import { root } from "../tools/project.ts";

const PACKAGES = [
  "hono",
  "@hono/node-server",
  "elysia",
  "h3",
  "srvx",
  "express",
];

/** The versions of everything that was measured, as one line. */
export function versions(): string {
  const packages = PACKAGES.map((name) => {
    const path = new URL(`node_modules/${name}/package.json`, root);
    return `${name} ${JSON.parse(Deno.readTextFileSync(path)).version}`;
  });
  const bun = fileURLToPath(new URL("node_modules/.bin/bun", root));
  const workerd = fileURLToPath(new URL("node_modules/.bin/workerd", root));
  const programs = [
    `Deno ${Deno.version.deno}`,
    `Bun ${firstLine(bun, "--version")}`,
    `Node ${firstLine("node", "--version")}`,
    firstLine(workerd, "--version"),
    pythonVersions(),
    NEXT[0]!.replace("@", " "),
  ];
  return [...programs, ...packages].filter((text) => text !== "").join(" · ");
}

/** The versions of what serves the peers in Python; empty where one of them is not installed. */
export function pythonVersions(): string {
  return firstLine(
    "/usr/bin/python3",
    "-c",
    "import fastapi, starlette, uvicorn; print('FastAPI', fastapi.__version__, '· Starlette', starlette.__version__, '· uvicorn', uvicorn.__version__)",
  );
}

function firstLine(program: string, ...args: string[]): string {
  try {
    const { stdout } = new Deno.Command(program, { args }).outputSync();
    return new TextDecoder().decode(stdout).split("\n")[0] ?? "";
  } catch {
    return "";
  }
}
