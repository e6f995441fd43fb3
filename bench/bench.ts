/**
 * Measures side by side with the peers: `deno task bench [--quick] [--runtime <name>]
 * [--only <text>] [--rounds <n>] [--seconds <n>]`, where the text is part of a contender's name, or
 * one of "same rate", "64 mb" and "cold start". A run of everything writes the figures:
 * `results.json`, `chart.svg`, the tables in `README.md`, and the one in `docs/costs.md`.
 *
 * @module
 */
import { arch, cpus, release, totalmem, type as system } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { temporaryFolder } from "../tools/temporary_folder.ts";
import { timeBodies } from "./bodies.ts";
import { bundleSizes, partSizes } from "./bundle_size.ts";
import { chart } from "./chart.ts";
import { coldStart } from "./cold_start.ts";
import type { BenchRuntime, Contender } from "./contenders.ts";
import { GENERATOR } from "./load.ts";
import { realWorkTable } from "./real_work.ts";
import {
  type Figures,
  inProcessTable,
  measureInProcess,
} from "./run_in_process.ts";
import {
  costTable,
  latencyTable,
  range,
  table,
  throughputTable,
} from "./tables.ts";
import { measureThroughput, type Result } from "./throughput.ts";
import { pythonVersions, versions } from "./versions.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runtime: { type: "string", multiple: true, default: [] },
    only: { type: "string", default: "" },
    rounds: { type: "string" },
    seconds: { type: "string" },
  },
});
const { quick, only } = values;
/**
 * How long a connection rests where all contenders get the same load, in milliseconds: 13,000
 * requests a second, or 5,000 on workerd, which 13,000 would nearly fill.
 */
const PAUSE = 2;
const PAUSE_ON_WORKERD = 6;
/** Who is compared under that load, beside the yardsticks. */
const SAME_RATE = [
  "hono_by_hand.ts",
  "hono_end_by_hand.ts",
  "tasks_1.ts",
  "tasks_3.ts",
];
/** The bodies of 64 MB, by their path. */
const LARGE_BODIES = {
  "/64mb": "in memory",
  "/64mb-stream": "a stream",
  "/64mb-passed-on": "passed on from fetch()",
};
const all: BenchRuntime[] = quick
  ? ["deno", "bun"]
  : ["deno", "bun", "node", "workerd", "python"];
const wanted = all.filter((name) =>
  values.runtime.length === 0 || values.runtime.includes(name)
);
const runtimes = wanted.filter((name) =>
  name !== "python" || pythonVersions() !== ""
);
const javaScript = (["deno", "bun", "node"] as const).filter((name) =>
  runtimes.includes(name)
);

await using folder = await temporaryFolder();
const report: string[] = [];
const results: Result[] = [];
const settings = {
  rounds: Number(values.rounds ?? (quick ? 1 : 5)),
  warmUp: quick ? 1 : 4,
  seconds: Number(values.seconds ?? (quick ? 1 : 2)),
  turns: quick ? 4 : 8,
  connections: 32,
  folder: folder.path,
};
const isWhole = !quick && only === "" && runtimes.length === all.length;

if (runtimes.length < wanted.length) {
  console.log(
    "Python is left out, and nothing is written: there is no uvicorn or no FastAPI " +
      "(Debian's packages uvicorn and python3-fastapi)\n",
  );
}
print(machine());
print("## Over sockets");
for (const runtime of runtimes) {
  const measured = await measureThroughput(runtime, {
    ...settings,
    wanted: (one) => isWanted(one) && one.name.includes(only),
  });
  results.push(...measured);
  if (measured.length > 0) print(throughputTable(measured));
}
if (isWhole) await writeThroughput();
if (only === "") await measureTheRest();
else if (only === "same rate") await sameRate();
else if (only === "64 mb") print(await largeBodies());
else if (only === "cold start") print(await coldStart(folder.path, 60));
if (isWhole) await fill("README.md", "figures", report.join("\n\n"));

async function measureTheRest(): Promise<void> {
  print("## At the same rate");
  await sameRate();
  print("## In process");
  const figures: Record<string, Figures> = {};
  for (const name of javaScript) {
    const tasks = quick ? 30_000 : 100_000;
    figures[name] = await measureInProcess(name, folder.path, tasks);
  }
  print(inProcessTable(figures));
  print("## While tasks do real work");
  for (const name of javaScript) {
    print(await realWorkTable(name, folder.path, quick ? 1 : 2));
  }
  print("## A body of 64 MB");
  print(await largeBodies());
  print("## Cold start");
  print(await coldStart(folder.path, quick ? 4 : 60));
  print("## Size");
  print(await bundleSizes());
  print(await partSizes());
}

/** A quick run does without yardsticks. */
function isWanted({ isYardstick }: Contender): boolean {
  return !quick || isYardstick !== true;
}

/** Latency without the part of it that comes from a slower server's being full earlier. */
async function sameRate(): Promise<void> {
  for (const runtime of runtimes) {
    if (runtime === "python") continue;
    const measured = await measureThroughput(runtime, {
      ...settings,
      pause: runtime === "workerd" ? PAUSE_ON_WORKERD : PAUSE,
      turns: 4,
      wanted: (one) =>
        isWanted(one) &&
        (one.isYardstick === true || SAME_RATE.includes(one.file)),
    });
    print(latencyTable(measured));
  }
}

async function largeBodies(): Promise<string> {
  const rows: string[][] = [];
  for (const runtime of runtimes) {
    if (runtime === "python") continue;
    for (const [path, name] of Object.entries(LARGE_BODIES)) {
      const { ratio, without, withTask } = await timeBodies({
        runtime,
        folder: folder.path,
        path: path as keyof typeof LARGE_BODIES,
        rounds: Number(values.rounds ?? (quick ? 3 : 9)),
      });
      rows.push([
        `${runtime}, ${name}`,
        ratio.median.toFixed(2),
        range(ratio),
        without.toFixed(0),
        withTask.toFixed(0),
      ]);
    }
  }
  return table(["64 MB", "ratio", "range", "ms, no task", "ms, 1 task"], rows);
}

function machine(): string {
  const [cpu] = cpus();
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return `Measured on ${cpus().length} cores of ${cpu?.model}, ${memory} GB, ${system()} ${release()} ${arch()}, ` +
    `with ${GENERATOR} on the same machine, ${versions()}.`;
}

function print(text: string): void {
  console.log(`${text}\n`);
  report.push(text);
}

/** Puts what was measured over sockets where the pages have room for it. */
async function writeThroughput(): Promise<void> {
  const file = (name: string): URL => new URL(name, import.meta.url);
  await Deno.writeTextFile(file("chart.svg"), chart(results));
  const json = JSON.stringify(results, null, 1);
  await Deno.writeTextFile(file("results.json"), `${json}\n`);
  await fill("../docs/costs.md", "cost", costTable(results));
}

/** Writes between two comments of a page, and formats it. */
async function fill(name: string, mark: string, text: string): Promise<void> {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const page = await Deno.readTextFile(path);
  const filled = page.replace(
    new RegExp(`<!-- ${mark} -->[^]*?<!-- end -->`),
    () => `<!-- ${mark} -->\n\n${text}\n\n<!-- end -->`,
  );
  await Deno.writeTextFile(path, filled);
  const args = ["fmt", "--quiet", path];
  await new Deno.Command(Deno.execPath(), { args }).output();
}
