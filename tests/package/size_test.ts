import { assertEquals } from "@std/assert";
import { bundleSize } from "../../tools/bundle_size.ts";
import { run } from "../../tools/command.ts";
import { packageEntries, readDenoConfig } from "../../tools/project.ts";
import { test } from "../harness/test.ts";

const { name } = readDenoConfig();

/**
 * Bytes, minified and gzipped, that each import may cost, without what it needs from npm. A budget is
 * not raised to what was built: where it is not met yet, the second figure is what was built last. It
 * may only go down, and goes when the budget is met.
 */
const BUDGETS: Readonly<Record<string, readonly [number, ceiling?: number]>> = {
  "{ backgroundTasks }": [10_000, 13_900],
  "{ backgroundTasks, drainOnShutdown }": [12_000, 16_500],
  "*": [14_000, 20_950],
  "* of /bullmq": [18_900],
  "* of /cloudflare-queues": [5_800],
  "* of /context": [750],
  "* of /devtools": [9_800],
  "* of /node": [14_100],
  "* of /observers": [1_450],
  "* of /otel": [2_450],
  "* of /strict": [1_550],
  "* of /testing": [11_800],
};

for (const [what, [budget, ceiling = budget]] of Object.entries(BUDGETS)) {
  const [names, entry = ""] = what.split(" of ");
  const missed = ceiling === budget ? "" : `, not met yet: ${ceiling} at most`;
  test(`import ${what} keeps to its ${budget} bytes${missed}`, async () => {
    const { gzipped } = await bundleSize(
      `export ${names} from "${name}${entry}";`,
    );
    assertEquals(gzipped <= ceiling, true, `${gzipped} of ${ceiling} bytes`);
  });
}

test("every entry has a budget", () => {
  const entries = [...packageEntries().keys()].slice(1)
    .map((entry) => `* of ${entry.slice(name.length)}`);
  assertEquals(entries.filter((entry) => !(entry in BUDGETS)), []);
});

/** A module, as `deno info` describes it. */
interface Module {
  readonly specifier: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly isDynamic?: boolean;
  }[];
}

test(`${name} reaches no package, and no module of Node's before it is used`, async () => {
  const modules = await reachable("mod.ts");
  const elsewhere = modules.filter(({ specifier }) =>
    !specifier.startsWith("file:")
  );
  const imports = modules.flatMap(({ dependencies = [] }) => dependencies)
    .filter(({ isDynamic }) => isDynamic !== true)
    .filter(({ specifier }) => !specifier.startsWith("."));
  assertEquals([elsewhere, imports], [[], []]);
});

/** Words that an entry has and no other. */
const MARKS = {
  "/bullmq": "search_path=",
  "/cloudflare-queues": "sendBatch",
  "/devtools": "x-content-type-options",
  "/observers": '"text" or "json"',
  "/otel": "messaging.destination.name",
  "/strict": "pass its ID, and load it inside",
  "/testing": "assertTaskAdded",
};

for (const [entry, mark] of Object.entries(MARKS)) {
  test(`${name} holds nothing of ${entry}`, async () => {
    const { text: own } = await bundleSize(`export * from "${name}${entry}";`);
    const { text } = await bundleSize(`export * from "${name}";`);
    assertEquals([own.includes(mark), text.includes(mark)], [true, false]);
  });
}

async function reachable(file: string): Promise<Module[]> {
  const { output } = await run([Deno.execPath(), "info", "--json", file]);
  return JSON.parse(output).modules;
}
