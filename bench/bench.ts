/**
 * Measures side by side with the peers: `deno task bench [--quick] [--runtime <name>]
 * [--only <text>] [--section <name>]`. A whole run without options writes `results.json`,
 * `chart.svg` and the figures in `README.md`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { temporaryFolder } from "../tools/temporary_folder.ts";
import type { BenchRuntime } from "./contenders.ts";
import { GENERATOR } from "./load.ts";
import { measureThroughput, type Result } from "./throughput.ts";
import { throughputTable } from "./tables.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runtime: { type: "string", multiple: true },
    only: { type: "string", default: "" },
    rounds: { type: "string" },
    seconds: { type: "string" },
  },
});
const RUNTIMES = (values.runtime ?? ["deno", "bun", "node"]) as BenchRuntime[];

await using folder = await temporaryFolder();
const results: Result[] = [];
for (const runtime of RUNTIMES) {
  const measured = await measureThroughput(runtime, {
    rounds: Number(values.rounds ?? (values.quick ? 3 : 7)),
    seconds: Number(values.seconds ?? (values.quick ? 1 : 2)),
    connections: 32,
    folder: folder.path,
    only: values.only,
  });
  console.log(throughputTable(measured));
  results.push(...measured);
}
console.log(GENERATOR);
