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
  "{ backgroundTasks }": [10_000, 11_750],
  "{ backgroundTasks, drainOnShutdown }": [12_000, 13_850],
  "*": [14_000, 17_800],
  "* of /bullmq": [9_450, 9_900],
  "* of /cloudflare-queues": [3_280, 4_750],
  "* of /context": [620],
  "* of /devtools": [10_600],
  "* of /node": [13_000],
  "* of /observers": [1_400],
  "* of /otel": [1_700, 1_800],
  "* of /strict": [1_300],
  "* of /testing": [8_700],
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
