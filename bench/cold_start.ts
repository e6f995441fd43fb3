import { realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { freePort } from "../tests/harness/ports.ts";
import { bundle } from "../tools/bundle.ts";
import { root } from "../tools/project.ts";
import { type Spread, spread } from "./statistics.ts";
import { table } from "./tables.ts";

/** Hono with a middleware that does nothing, and with this library and a task. */
const APPS = ["hono_noop", "tasks_1"] as const;

/**
 * How long a new workerd takes to its first answer, without this library and with it, in pairs.
 * It is workerd's own binary that is timed, from its start: without Wrangler or miniflare.
 *
 * @param folder A temporary folder.
 * @param rounds How many pairs to time.
 * @returns A table.
 */
export async function coldStart(
  folder: string,
  rounds: number,
): Promise<string> {
  const output = `${folder}/cold_start`;
  const files = Object.fromEntries(
    APPS.map((app) => [app, `bench/contenders/${app}.ts`]),
  );
  await bundle({ files, folder: output, target: "workerd", debug: false });
  const workerd = await binary();
  const pairs: { without: number; with: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    pairs.push({
      without: await firstAnswer(workerd, output, APPS[0]),
      with: await firstAnswer(workerd, output, APPS[1]),
    });
  }
  const more = spread(pairs.map((pair) => pair.with - pair.without));
  const times = (key: "without" | "with"): Spread =>
    spread(pairs.map((pair) => pair[key]));
  return table(["workerd, ms to its first answer", "median", "range"], [
    ["without this library", ...cells(times("without"))],
    ["with it, and a task", ...cells(times("with"))],
    ["the difference, pair by pair", ...cells(more)],
  ]);
}

function cells({ median, least, most }: Spread): string[] {
  return [median.toFixed(1), `${least.toFixed(1)}–${most.toFixed(1)}`];
}

/** The package's own command is a script around it. */
async function binary(): Promise<string> {
  const command = fileURLToPath(new URL("node_modules/.bin/workerd", root));
  return createRequire(await realpath(command))("../lib/main.js").default;
}

async function firstAnswer(
  workerd: string,
  folder: string,
  app: string,
): Promise<number> {
  const port = await freePort();
  const config = `${folder}/${app}.capnp`;
  await Deno.writeTextFile(config, configOf(app, port));
  const before = performance.now();
  const child = new Deno.Command(workerd, {
    args: ["serve", config],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    while (!await answers(port)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return performance.now() - before;
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

function configOf(app: string, port: number): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "app", worker = .app)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "app")],
);
const app :Workerd.Worker = (
  modules = [(name = "app", esModule = embed "${app}.mjs")],
  compatibilityDate = "2026-07-01",
  compatibilityFlags = ["nodejs_compat"],
);
`;
}

async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
