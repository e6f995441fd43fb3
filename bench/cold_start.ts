import { realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { freePort } from "../tests/harness/ports.ts";
import { bundle } from "../tools/bundle.ts";
import { bundleSize } from "../tools/bundle_size.ts";
import { packageEntries, root } from "../tools/project.ts";
import { usageOf } from "./process_usage.ts";
import { middleHalf, type Spread } from "./statistics.ts";
import { table } from "./tables.ts";

/** What is started, by its bundle: the first is the base of the others. */
const APPS: Readonly<Record<string, string>> = {
  hono_noop: "Hono, no-op middleware",
  hono_queue_by_hand: "a queue by hand, 1 task",
  unused: "the same, and this library's text, which nobody calls",
  tasks_0: "this library, no task",
  tasks_1: "this library, 1 task",
};

/** What a start took, in milliseconds. */
interface Start {
  /** By the clock, from the start of the process to its first answer. */
  readonly elapsed: number;
  /** In CPU time. */
  readonly cpu: number;
}

/**
 * How long a new workerd takes to its first answer, without this library and with it. The apps take
 * turns. They are minified, as `wrangler deploy --minify` does. It is workerd's own binary that is
 * timed, from its start: without Wrangler or miniflare.
 *
 * @param folder A temporary folder.
 * @param rounds How often to start each.
 * @returns A table.
 */
export async function coldStart(
  folder: string,
  rounds: number,
): Promise<string> {
  const output = `${folder}/cold_start`;
  await makeApps(output);
  const workerd = await binary();
  const starts = new Map<string, Start[]>(
    Object.keys(APPS).map((app) => [app, []]),
  );
  for (let round = 0; round < rounds; round++) {
    for (const [app, seen] of starts) {
      seen.push(await startOnce(workerd, output, app));
    }
  }
  const [base] = starts.values();
  const rows = [...starts].map(([app, seen]) => {
    const elapsed = seen.map((start) => start.elapsed);
    const more = middleHalf(elapsed.map((ms, i) => ms - base![i]!.elapsed));
    const cpu = middleHalf(seen.map((start, i) => start.cpu - base![i]!.cpu));
    return [APPS[app]!, ...[middleHalf(elapsed), more, cpu].flatMap(cells)];
  });
  const columns = ["ms to the first answer", "more", "CPU ms more"];
  return table(
    ["workerd", ...columns.flatMap((column) => [column, "quartiles"])],
    rows,
  );
}

function cells({ median, least, most }: Spread): string[] {
  return [median.toFixed(1), `${least.toFixed(1)}–${most.toFixed(1)}`];
}

async function makeApps(folder: string): Promise<void> {
  const unused = "unused";
  const apps = Object.keys(APPS).filter((app) => app !== unused);
  const files = Object.fromEntries(
    apps.map((app) => [app, `bench/contenders/${app}.ts`]),
  );
  const target = "workerd";
  await bundle({ files, folder, target, debug: false, minify: true });
  const [name] = packageEntries().keys();
  const { text } = await bundleSize(
    `export { backgroundTasks } from "${name}";`,
  );
  const library = text.replace(/export\s*\{[^}]*\};?\s*$/, "");
  const byHand = await Deno.readTextFile(`${folder}/hono_queue_by_hand.mjs`);
  await Deno.writeTextFile(
    `${folder}/${unused}.mjs`,
    `globalThis.unused = function () {${library}};${byHand}`,
  );
}

/** The package's own command is a script around it. */
async function binary(): Promise<string> {
  const command = fileURLToPath(new URL("node_modules/.bin/workerd", root));
  return createRequire(await realpath(command))("../lib/main.js").default;
}

async function startOnce(
  workerd: string,
  folder: string,
  app: string,
): Promise<Start> {
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
    const elapsed = performance.now() - before;
    return { elapsed, cpu: usageOf(child.pid).cpu };
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
