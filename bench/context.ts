/**
 * What `./context` costs a request: `deno run -A bench/context.ts`. Processes with it and without it
 * take turns; the median of the differences is printed, in microseconds.
 *
 * @module
 */
import { bundle } from "../tools/bundle.ts";
import { run } from "../tools/command.ts";
import { root } from "../tools/project.ts";
import { temporaryFolder } from "../tools/temporary_folder.ts";
import { startWorkerd } from "../tools/workerd.ts";

const ROUNDS = 5;
const REQUESTS = 100_000;
const BUN = new URL("node_modules/.bin/bun", root).pathname;

await using folder = await temporaryFolder();
for (const target of ["node", "workerd"] as const) {
  const files = {
    [target]: new URL("context_app.ts", import.meta.url).pathname,
  };
  await bundle({ files, folder: folder.path, target, debug: false });
}
const file = `${folder.path}/node.mjs`;
const COMMANDS: Record<string, string[]> = {
  deno: [Deno.execPath(), "run", "-A", "bench/context_app.ts"],
  bun: [BUN, file],
  node: ["node", file],
};

for (const [name, command] of Object.entries(COMMANDS)) {
  await report(name, async (context) => {
    const { code, output } = await run([...command, String(REQUESTS), context]);
    if (code !== 0) throw new Error(output);
    return Number(/each: (\S+)/.exec(output)?.[1]);
  });
}
await report("workerd", inWorkerd);

async function report(
  name: string,
  measure: (context: string) => Promise<number>,
): Promise<void> {
  const rounds: { without: number; difference: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const without = await measure("");
    rounds.push({ without, difference: await measure("context") - without });
  }
  const median = (key: "without" | "difference"): string => {
    const sorted = rounds.map((round) => round[key]).sort((a, b) => a - b);
    return sorted[ROUNDS >> 1]!.toFixed(2);
  };
  console.log(`${name}: +${median("difference")} µs on ${median("without")}`);
}

/** Wall clock, of a worker that does nothing else. */
async function inWorkerd(context: string): Promise<number> {
  await using workerd = await startWorkerd(`${folder.path}/workerd.mjs`, {
    env: {},
    onOutput: (stdout, stderr) => {
      stdout.resume();
      stderr.resume();
    },
  });
  const count = REQUESTS / 10;
  const query = `count=${count}${context && "&context"}`;
  let time = 0;
  for (let turn = 0; turn < 2; turn++) { // the first one warms up
    time = performance.now();
    await (await fetch(`${workerd.url}?${query}`)).text();
    time = performance.now() - time;
  }
  return time * 1_000 / count;
}
