import { assertEquals } from "@std/assert";
import { appendFileSync, readFileSync } from "node:fs";
import process from "node:process";
import { root } from "../../../tools/project.ts";
import { type RuntimeName, RUNTIMES } from "../../harness/runtime.ts";
import { type Check, CHECKS } from "./checks.ts";

const NAMES: Readonly<Record<RuntimeName, string>> = {
  deno: "Deno",
  bun: "Bun",
  node: "Node",
  workerd: "Workers",
};

/**
 * The row of a framework, as `docs/frameworks.md` has it.
 *
 * @param name The framework.
 * @param runtimes Where it runs.
 * @param cells What was found.
 */
export function rowOf(
  name: string,
  runtimes: readonly string[],
  cells: Readonly<Record<Check, string>>,
): string {
  const where = RUNTIMES.filter((name) => runtimes.includes(name))
    .map((name) => NAMES[name]).join(", ");
  const all = [name, where, ...CHECKS.map((check) => cells[check])];
  return `| ${all.join(" | ")} |`;
}

/**
 * Compares a row with that of `docs/frameworks.md`, and writes it to the file that the variable
 * `POSTLUDE_ROWS` names: `tools/frameworks_table.ts` reads it there.
 *
 * @param row The row, as it was found.
 * @param stderr What the app said, for the reader of a failure.
 */
export function checkRow(row: string, stderr: string): void {
  const rows = process.env["POSTLUDE_ROWS"];
  if (rows !== undefined) appendFileSync(rows, `${row}\n`);
  const documented = documentedRow(row)?.slice(0, row.length); // the day it ran follows
  assertEquals(documented, row, `${row}\n${stderr}`);
}

/** The row of the same framework in `docs/frameworks.md`, without the spaces that align it. */
function documentedRow(row: string): string | undefined {
  const key = row.split(" | ").slice(0, 2).join(" | ");
  const text = readFileSync(new URL("docs/frameworks.md", root), "utf8");
  return text.split("\n").map((line) => line.replace(/ +/g, " "))
    .find((line) => line.startsWith(`${key} |`));
}
