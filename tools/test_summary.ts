import type { RuntimeName } from "../tests/harness/runtime.ts";

/** What became of the tests of one runtime. */
export interface RuntimeSummary {
  /** How many passed. */
  readonly passed: number;
  /** How many failed. */
  readonly failed: number;
  /** How many were left out. */
  readonly leftOut: number;
  /** How long its jobs took; those that ran side by side count twice. */
  readonly milliseconds: number;
}

/** A test and how long it took. */
export interface TimedTest {
  /** On which runtime. */
  readonly runtime: RuntimeName;
  /** Its name. */
  readonly name: string;
  /** How long it took. */
  readonly milliseconds: number;
}

/** How many of the slowest tests are named. */
const SLOWEST = 10;

/**
 * A table: runtime, passed, failed, left out, seconds.
 *
 * @param summaries By runtime.
 */
export function summaryTable(
  summaries: ReadonlyMap<RuntimeName, RuntimeSummary>,
): string[] {
  const rows = [...summaries].map(([runtime, summary]) => [
    runtime,
    summary.passed,
    summary.failed,
    summary.leftOut,
    seconds(summary.milliseconds),
  ]);
  const [title = [], ...rest] = [
    ["runtime", "passed", "failed", "left out", "seconds"],
    ...rows,
  ].map((row) => row.map(String));
  const widths = title.map((text) => Math.max(text.length, 8));
  const line = (row: readonly string[]): string =>
    row.map((text, column) =>
      column === 0
        ? text.padEnd(widths[column]!)
        : text.padStart(widths[column]!)
    ).join("  ");
  return [title, ...rest].map(line);
}

/**
 * The slowest tests, a line each.
 *
 * @param tests All of them.
 */
export function slowestLines(tests: readonly TimedTest[]): string[] {
  return tests.toSorted((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, SLOWEST)
    .map(({ milliseconds, name, runtime }) =>
      `${seconds(milliseconds).padStart(6)} s  ${runtime.padEnd(7)}  ${name}`
    );
}

/** Milliseconds as seconds with one digit behind the point. */
export function seconds(milliseconds: number): string {
  return (milliseconds / 1_000).toFixed(1);
}

/** Milliseconds as minutes and seconds: `"4:07"`. */
export function clockTime(milliseconds: number): string {
  const all = Math.floor(milliseconds / 1_000);
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, "0")}`;
}
