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

/** The throughput of one runtime's contenders, ratios first. */
export function throughputTable(results: readonly Result[]): string {
  return table(
    [
      results[0]?.runtime ?? "",
      "of its base",
      "range",
      "p99 of base",
      "CPU of base",
      "req/s",
      "p50 ms",
      "p99 ms",
      "p99.9 ms",
      "CPU µs",
      "MB",
    ],
    results.map((result) => [
      result.name,
      result.ratio.median.toFixed(2),
      range(result.ratio),
      result.p99Ratio.median.toFixed(2),
      result.cpuRatio.median.toFixed(2),
      result.rps.median.toFixed(0),
      result.p50.median.toFixed(2),
      result.p99.median.toFixed(2),
      result.p999.median.toFixed(2),
      result.cpu.median.toFixed(1),
      result.memory.median.toFixed(0),
    ]),
  );
}

/** The latency of one runtime's contenders under the same load, ratios first. */
export function latencyTable(results: readonly Result[]): string {
  return table(
    [
      results[0]?.runtime ?? "",
      "p99 of base",
      "range",
      "p50 ms",
      "p99 ms",
      "p99.9 ms",
      "CPU µs",
      "req/s",
    ],
    results.map((result) => [
      result.name,
      result.p99Ratio.median.toFixed(2),
      range(result.p99Ratio),
      result.p50.median.toFixed(2),
      result.p99.median.toFixed(2),
      result.p999.median.toFixed(2),
      result.cpu.median.toFixed(1),
      result.rps.median.toFixed(0),
    ]),
  );
}

/** The ends of what was measured. */
export function range({ least, most }: Spread): string {
  return `${least.toFixed(2)}–${most.toFixed(2)}`;
}

const OURS = "this library, ";

/** What this library costs on each runtime, for the front page: throughput, and CPU time. */
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
