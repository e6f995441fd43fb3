import { assertEquals } from "@std/assert";
import { bundleSize } from "../../tools/bundle_size.ts";
import { run } from "../../tools/command.ts";
import { packageEntries, readDenoConfig } from "../../tools/project.ts";
import { test } from "../harness/test.ts";

const { name } = readDenoConfig();

/** Bytes, minified and gzipped, that an entry may cost at most; without what it needs from npm. */
const BUDGETS: Readonly<Record<string, number>> = {
  [name]: 17_400,
  [`${name}/bullmq`]: 18_800,
  [`${name}/cloudflare-queues`]: 3_950,
  [`${name}/context`]: 620,
  [`${name}/devtools`]: 11_100,
  [`${name}/node`]: 13_000,
  [`${name}/otel`]: 2_300,
  [`${name}/testing`]: 12_850,
};

for (const entry of packageEntries().keys()) {
  test(`${entry} keeps to its ${BUDGETS[entry]} bytes`, async () => {
    const { gzipped } = await bundleSize(`export * from "${entry}";`);
    const budget = BUDGETS[entry] ?? 0;
    assertEquals(gzipped <= budget, true, `${gzipped} of ${budget} bytes`);
  });
}

test("BackgroundTasks alone costs a tenth less than everything", async () => {
  const source = `export { BackgroundTasks } from "${name}";`;
  const { gzipped } = await bundleSize(source);
  const { gzipped: all } = await bundleSize(`export * from "${name}";`);
  assertEquals(gzipped < all * 0.9, true, `${gzipped} of ${all} bytes`);
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
  "/otel": "messaging.destination.name",
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
