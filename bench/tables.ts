import type { Result } from "./throughput.ts";
import type { Spread } from "./statistics.ts";

/**
 * A Markdown table.
 *
 * @param head The heads of its columns; the first column is text, the others are figures.
 * @param rows Its lines.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = head.map((text, column) =>
    Math.max(text.length, 4, ...rows.map((row) => row[column]!.length))
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(pad).join(" | ")} |`;
  const pad = (text: string, column: number): string =>
    column === 0
      ? text.padEnd(widths[column]!)
      : text.padStart(widths[column]!);
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** What a column shows of a contender, by its head. */
const COLUMNS = {
  "of its base": ({ ratio }) => ratio.median.toFixed(2),
  range: ({ ratio }) => range(ratio),
  "p99 of base": ({ p99Ratio }) => p99Ratio.median.toFixed(2),
  "its range": ({ p99Ratio }) => range(p99Ratio),
  "CPU of base": ({ cpuRatio }) => cpuRatio.median.toFixed(2),
  "req/s": ({ rps }) => rps.median.toFixed(0),
  "p50 ms": ({ p50 }) => p50.median.toFixed(2),
  "p99 ms": ({ p99 }) => p99.median.toFixed(2),
  "p99.9 ms": ({ p999 }) => p999.median.toFixed(2),
  "CPU µs": ({ cpu }) => cpu.median.toFixed(1),
  MB: ({ memory }) => memory.median.toFixed(0),
} satisfies Record<string, (result: Result) => string>;
type Column = keyof typeof COLUMNS;

/** The throughput of one runtime's contenders, ratios first. */
export function throughputTable(results: readonly Result[]): string {
  return resultTable(results, [
    ...["of its base", "range", "p99 of base", "CPU of base", "req/s"] as const,
    ...["p50 ms", "p99 ms", "p99.9 ms", "CPU µs", "MB"] as const,
  ]);
}

/** The latency of one runtime's contenders under the same load, ratios first. */
export function latencyTable(results: readonly Result[]): string {
  return resultTable(results, [
    ...["p99 of base", "its range", "p50 ms", "p99 ms", "p99.9 ms"] as const,
    ...["CPU µs", "req/s"] as const,
  ]);
}

function resultTable(
  results: readonly Result[],
  columns: readonly Column[],
): string {
  return table(
    [results[0]?.runtime ?? "", ...columns],
    results.map((result) => [
      result.name,
      ...columns.map((column) => COLUMNS[column](result)),
    ]),
  );
}

/** The ends of what was measured. */
export function range({ least, most }: Spread): string {
  return `${least.toFixed(2)}–${most.toFixed(2)}`;
}

const OURS = "this library, ";

/** What this library costs on each runtime, for `docs/costs.md`: throughput, and CPU time. */
export function costTable(results: readonly Result[]): string {
  const ours = results.filter(({ name }) => name.startsWith(OURS));
  const runtimes = [...new Set(ours.map(({ runtime }) => runtime))];
  const names = [...new Set(ours.map(({ name }) => name))];
  const cell = (name: string, runtime: string): string => {
    const result = ours.find((one) =>
      one.name === name && one.runtime === runtime
    );
    if (result === undefined) return "";
    const { ratio, cpuRatio, cpu } = result;
    const more = cpu.median - cpu.median / cpuRatio.median;
    return `${ratio.median.toFixed(2)}, ${more >= 0 ? "+" : "−"}${
      Math.abs(more).toFixed(1)
    } µs`;
  };
  return table(
    ["a request with", ...runtimes],
    names.map((name) => [
      name.slice(OURS.length),
      ...runtimes.map((runtime) => cell(name, runtime)),
    ]),
  );
}
