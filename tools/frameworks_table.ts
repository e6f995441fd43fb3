/**
 * Writes the table of `docs/frameworks.md` from what the tests find: `deno run -A tools/frameworks_table.ts
 * [--all]`, with `--all` those too that take minutes to install. Rows of what did not run stay.
 *
 * @module
 */
import { root } from "./project.ts";

const PAGE = new URL("docs/frameworks.md", root);
const FILES = [
  "tests/examples/frameworks_lambda_process_test.ts",
  "tests/examples/frameworks_process_test.ts",
  "tests/examples/frameworks_workers_process_test.ts",
];
/** Those that build with frameworks from npm. */
const HEAVY = ["tests/package/frameworks"];
const TODAY = new Date().toISOString().slice(0, 10);

if (import.meta.main) {
  const all = Deno.args.includes("--all");
  const rows = await Deno.makeTempFile();
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["task", "--quiet", "test", ...FILES],
      ...(all ? [...HEAVY, "--all"] : []),
    ],
    cwd: root,
    env: { POSTLUDE_ROWS: rows },
  }).spawn().status;
  const found = new Set((await Deno.readTextFile(rows)).trim().split("\n"));
  await Deno.remove(rows);
  const page = await Deno.readTextFile(PAGE);
  await Deno.writeTextFile(PAGE, withRows(page, [...found]));
  await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "-q", PAGE.pathname],
  })
    .output();
  console.log(
    success ? "no row has changed" : "rows have changed: see git diff",
  );
}

/** Puts rows in the place of those of the same framework; new ones at the end of the table. */
function withRows(page: string, rows: readonly string[]): string {
  const lines = page.split("\n");
  for (const row of rows) {
    const dated = `${row} ${TODAY} |`;
    const key = keyOf(row);
    const index = lines.findIndex((line) => keyOf(line) === key);
    if (index !== -1) lines[index] = dated;
    else lines.splice(lines.findLastIndex(isRow) + 1, 0, dated);
  }
  return lines.join("\n");
}

/** The framework and where it runs. */
function keyOf(line: string): string | undefined {
  return isRow(line)
    ? line.split("|").slice(1, 3).map((cell) => cell.trim()).join("|")
    : undefined;
}

function isRow(line: string): boolean {
  return line.startsWith("| ") && line.split("|").length >= 9;
}
