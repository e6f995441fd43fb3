import { type RuntimeName, RUNTIMES } from "../tests/harness/runtime.ts";

/** What the tests printed on one runtime, read again. */
export interface TestReport {
  /** What became of each test, by its name: `"ok"` or `"FAILED"`. */
  readonly results: ReadonlyMap<string, "ok" | "FAILED">;
  /** The tests that do not run there, and why. */
  readonly leftOut: ReadonlyMap<string, string>;
  /** Other lines that start with `!!`: what this machine lacks. */
  readonly notices: readonly string[];
}

const MARK = "!! ";
const LEFT_OUT = /^!! left out: (.*) \(([^()]*)\)$/;

/** How a test runner says what became of a test: what is good, and a pattern of word and name. */
const LINES: Readonly<Record<RuntimeName, RegExp>> = {
  bun: /^\((?<word>pass|fail)\) (?<name>.*?)(?: \[[\d.]+m?s\])?$/,
  deno: /^(?<name>.*) \.\.\. (?<word>ok|FAILED)/,
  node: /^ *(?<word>✔|✖) (?<name>.*) \([\d.]+ms\)$/,
  workerd: /^(?<name>.*) \.\.\. (?<word>ok|FAILED)/,
};
const GOOD = ["ok", "pass", "✔"];

/**
 * Reads what a test runner printed.
 *
 * @param runtime On which runtime.
 * @param output What it printed.
 * @param filter Only tests whose name contains this text.
 */
export function readReport(
  runtime: RuntimeName,
  output: string,
  filter: string,
): TestReport {
  const results = new Map<string, "ok" | "FAILED">();
  const leftOut = new Map<string, string>();
  const notices = new Set<string>();
  for (const line of output.split("\n")) {
    const [, skipped, reason] = LEFT_OUT.exec(line) ?? [];
    if (skipped !== undefined && reason !== undefined) {
      if (skipped.includes(filter)) leftOut.set(skipped, reason);
      continue;
    }
    if (line.startsWith(MARK)) notices.add(line);
    const { name, word } = LINES[runtime].exec(line)?.groups ?? {};
    if (name === undefined || word === undefined) continue;
    if (name.endsWith(".mjs")) continue; // Node counts a file without a test as one
    const failedBefore = results.get(name) === "FAILED";
    results.set(name, GOOD.includes(word) && !failedBefore ? "ok" : "FAILED");
  }
  return { results, leftOut, notices: [...notices] };
}

/**
 * The lines about what did not run: by reason, each test by its name.
 *
 * @param report What was read.
 */
export function missingLines({ leftOut, notices }: TestReport): string[] {
  const tests = [...leftOut];
  return [
    ...notices,
    ...[...new Set(leftOut.values())].flatMap((reason) => [
      `!! left out, ${reason}:`,
      ...tests.filter(([, why]) => why === reason).map(([name]) =>
        `     ${name}`
      ),
    ]),
  ];
}

/**
 * A Markdown table of tests and runtimes: what ran, what failed, and what was left out and why.
 *
 * @param reports What was read, by runtime.
 */
export function testTable(
  reports: ReadonlyMap<RuntimeName, TestReport>,
): string {
  const runtimes = RUNTIMES.filter((runtime) => reports.has(runtime));
  const all = [...reports.values()];
  const names = new Set([
    ...all.flatMap(({ results }) => [...results.keys()]),
    ...all.flatMap(({ leftOut }) => [...leftOut.keys()]),
  ]);
  const cell = (runtime: RuntimeName, name: string): string => {
    const { results, leftOut } = reports.get(runtime)!;
    const reason = leftOut.get(name);
    return results.get(name) ??
      (reason === undefined ? "–" : `left out: ${reason}`);
  };
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    row(["case", ...runtimes]),
    row(["---", ...runtimes.map(() => "---")]),
    ...[...names].map((name) =>
      row([name, ...runtimes.map((runtime) => cell(runtime, name))])
    ),
  ].join("\n");
}
