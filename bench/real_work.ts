import type { BenchRuntime, Contender } from "./contenders.ts";
import { load } from "./load.ts";
import { start } from "./running_contender.ts";
import { table } from "./tables.ts";

const REAL_WORK: Contender = {
  name: "real work",
  file: "real_work.ts",
  base: "real work",
  tasks: 1,
  runtimes: ["deno", "bun", "node"],
};

const VARIANTS:
  readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["no task", {}],
    ["10 ms of I/O", { WORK: "io" }],
    ["10 ms of I/O, concurrency: 10", { WORK: "io", CONCURRENCY: "10" }],
    ["1 ms of CPU", { WORK: "cpu" }],
    ["1 ms of CPU, concurrency: 1", { WORK: "cpu", CONCURRENCY: "1" }],
  ];

/**
 * The latency of the responses while their tasks do real work, with eight clients.
 *
 * @param runtime Deno, Bun or Node.
 * @param folder A temporary folder.
 * @param seconds How long each is loaded.
 */
export async function realWorkTable(
  runtime: BenchRuntime,
  folder: string,
  seconds: number,
): Promise<string> {
  const rows: string[][] = [];
  for (const [name, env] of VARIANTS) {
    await using server = await start(REAL_WORK, runtime, folder, env);
    const options = { port: server.port, connections: 8, seconds };
    const { requests, p50, p99 } = await load(options);
    const perSecond = (requests / seconds).toFixed(0);
    rows.push([name, perSecond, p50.toFixed(2), p99.toFixed(2)]);
  }
  return table(
    [`${runtime}: each task takes`, "req/s", "p50 ms", "p99 ms"],
    rows,
  );
}
