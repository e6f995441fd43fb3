/**
 * Where the CPU time of a request goes, with and without tasks, by Linux's `perf`:
 * `deno run -A bench/profile.ts [<runtime> …]`. That needs root, and the package `linux-perf`.
 *
 * @module
 */
import { temporaryFolder } from "../tools/temporary_folder.ts";
import { type BenchRuntime, CONTENDERS } from "./contenders.ts";
import { load } from "./load.ts";
import { familyOf, usageOf } from "./process_usage.ts";
import { start } from "./running_contender.ts";
import { table } from "./tables.ts";

const FILES = [
  "hono_noop.ts",
  "hono_end_by_hand.ts",
  "tasks_1.ts",
  "tasks_3.ts",
];
const ROUNDS = 10;
const SECONDS = 1;

/** Where a sample was taken, by the name of the object that perf saw. */
const PLACES = {
  kernel: /^\[kernel/,
  JavaScript: /^(\[JIT\]|\[?anon|\/\/anon|perf-)/,
  "the runtime's own code": /./,
};
type Place = keyof typeof PLACES;

const names = Deno.args.length > 0
  ? Deno.args
  : ["deno", "bun", "node", "workerd"];
await using folder = await temporaryFolder();
const rows: string[][] = [];
for (const runtime of names) {
  rows.push(...await profile(runtime as BenchRuntime));
}
console.log(table(
  ["µs of CPU a request", ...Object.keys(PLACES), "together", "more"],
  rows,
));

/** All contenders run, and take turns, so that whatever else the machine does meets all of them. */
async function profile(runtime: BenchRuntime): Promise<string[][]> {
  await using stack = new AsyncDisposableStack();
  const contenders = CONTENDERS.filter(({ file }) => FILES.includes(file));
  const running = [];
  for (const contender of contenders) {
    running.push(stack.use(await start(contender, runtime, folder.path)));
  }
  for (const { port } of running) {
    await load({ port, connections: 32, seconds: 2 });
  }
  const sums = running.map(() => new Map<Place, number>());
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { pid, port }] of running.entries()) {
      for (const [place, cost] of await sample(pid, port)) {
        const before = sums[index]!.get(place) ?? 0;
        sums[index]!.set(place, before + cost / ROUNDS);
      }
    }
  }
  const together = sums.map((costs) =>
    [...costs.values()].reduce((sum, cost) => sum + cost, 0)
  );
  return running.map(({ contender }, index) => [
    `${runtime}, ${contender.name}`,
    ...(Object.keys(PLACES) as Place[]).map((place) =>
      (sums[index]!.get(place) ?? 0).toFixed(1)
    ),
    together[index]!.toFixed(1),
    (together[index]! - together[0]!).toFixed(1),
  ]);
}

/** Microseconds a request, by place. */
async function sample(pid: number, port: number): Promise<Map<Place, number>> {
  const data = `${folder.path}/perf.data`;
  const recorder = new Deno.Command("perf", {
    args: [
      ...["record", "-F", "999", "-o", data, "-p", familyOf(pid).join(",")],
      ...["--", "sleep", String(SECONDS)],
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const before = usageOf(pid);
  const { requests } = await load({ port, connections: 32, seconds: SECONDS });
  const { cpu } = usageOf(pid);
  await recorder.status;
  const costs = new Map<Place, number>();
  for (const [object, share] of await shares(data)) {
    const place = (Object.keys(PLACES) as Place[]).find((name) =>
      PLACES[name].test(object)
    )!;
    const cost = share * (cpu - before.cpu) * 1_000 / requests;
    costs.set(place, (costs.get(place) ?? 0) + cost);
  }
  return costs;
}

/** The share of the samples in each object, from 0 to 1. */
async function shares(data: string): Promise<[string, number][]> {
  const { stdout } = await new Deno.Command("perf", {
    args: ["report", "-i", data, "--stdio", "--sort", "dso"],
    stderr: "null",
  }).output();
  const lines = new TextDecoder().decode(stdout).matchAll(
    /^\s+([\d.]+)%\s+(.+?)\s*$/gm,
  );
  return [...lines].map(([, percent, name = ""]) => [
    name,
    Number(percent) / 100,
  ]);
}
