import { type RuntimeName, RUNTIMES } from "../tests/harness/runtime.ts";

/** What a test runner says of one test. */
export interface TestLine {
  /** The name of the test. */
  readonly name: string;
  /** Whether it passed. */
  readonly passed: boolean;
  /** How long it took. */
  readonly milliseconds: number;
}

/** What the tests printed on one runtime, read again. */
export interface TestReport {
  /** What became of each test, by its name: `"ok"` or `"FAILED"`. */
  readonly results: ReadonlyMap<string, "ok" | "FAILED">;
  /** The tests that do not run there, and why. */
  readonly leftOut: ReadonlyMap<string, string>;
  /** Other lines that start with `!!`: what this machine lacks. */
  readonly notices: readonly string[];
}

/** A job of which at least one test failed. */
export interface FailedJob {
  /** On which runtime. */
  readonly runtime: RuntimeName;
  /** Its files. */
  readonly files: readonly string[];
  /** What the test runner printed. */
  readonly output: string;
}

/** How many lines of a failed job are shown once more at the end. */
const LAST_LINES = 100;

const MARK = "!! ";
const LEFT_OUT = /^!! left out: (.*) \(([^()]*)\)$/;

/** How a test runner says what became of a test: a pattern of word, name and time. */
const LINES: Readonly<Record<RuntimeName, RegExp>> = {
  bun: /^\((?<word>pass|fail)\) (?<name>.*?)(?: \[(?<time>[\d.]+m?s)\])?$/,
  deno: /^(?<name>.*) \.\.\. (?<word>ok|FAILED)(?: \((?<time>[\dhmsµ]+)\))?/,
  node: /^ *(?<word>✔|✖) (?<name>.*) \((?<time>[\d.]+ms)\)$/,
  workerd: /^(?<name>.*) \.\.\. (?<word>ok|FAILED)(?: \((?<time>[\dhmsµ]+)\))?/,
};
const GOOD = ["ok", "pass", "✔"];

/** The units of their times, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  µs: 0.001,
};

/**
 * Reads a line of a test runner.
 *
 * @param runtime On which runtime.
 * @param line The line.
 * @returns What it says of a test, if it does.
 */
export function readLine(
  runtime: RuntimeName,
  line: string,
): TestLine | undefined {
  const { name, time = "", word } = LINES[runtime].exec(line)?.groups ?? {};
  if (name === undefined || word === undefined) return undefined;
  return { name, passed: GOOD.includes(word), milliseconds: duration(time) };
}

/** Deno says so in the middle of the line of a test that takes a minute. */
const NOTICE = /'[^\n]*' has been running for over \([^)\n]*\)(?:\n|$)/g;

/**
 * Leaves out what Deno says of a test that takes a minute, which breaks the line of that test in two.
 *
 * @param output What Deno printed.
 */
export function withoutNotices(output: string): string {
  return output.replace(NOTICE, "");
}

/**
 * Does the same as {@linkcode withoutNotices}, line by line.
 *
 * @param take Takes each line that is left.
 */
export function wholeLines(
  take: (line: string) => void,
): (line: string) => void {
  let begun = "";
  return (line) => {
    const rest = withoutNotices(line);
    begun += rest;
    if (rest !== line) return; // the rest of the line comes
    take(begun);
    begun = "";
  };
}

/** Reads `"1m2s"`, `"510µs"` or `"3.1ms"`. */
function duration(time: string): number {
  return [...time.matchAll(/([\d.]+)([a-zµ]+)/g)].reduce(
    (sum, [, count, unit = ""]) => sum + Number(count) * (UNITS[unit] ?? 0),
    0,
  );
}

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
    const test = readLine(runtime, line);
    if (test === undefined) continue;
    const failedBefore = results.get(test.name) === "FAILED";
    results.set(test.name, test.passed && !failedBefore ? "ok" : "FAILED");
  }
  return { results, leftOut, notices: [...notices] };
}

/**
 * The lines about what did not run: by runtimes and reason, each test by its name.
 *
 * @param reports What was read, by runtime.
 */
export function missingLines(
  reports: ReadonlyMap<RuntimeName, TestReport>,
): string[] {
  const all = [...reports];
  const where = (reason: string, name: string): string => {
    const runtimes = all.filter(([, { leftOut }]) =>
      leftOut.get(name) === reason
    );
    return runtimes.map(([runtime]) => runtime).join(", ");
  };
  const groups = new Map<string, Set<string>>();
  for (
    const [name, reason] of all.flatMap(([, report]) => [...report.leftOut])
  ) {
    const title = `!! left out on ${where(reason, name)}, ${reason}:`;
    groups.set(title, (groups.get(title) ?? new Set()).add(name));
  }
  return [
    ...new Set(all.flatMap(([, { notices }]) => notices)),
    ...[...groups].flatMap(([title, names]) => [
      title,
      ...[...names].map((name) => `     ${name}`),
    ]),
  ];
}

/**
 * The lines about a job that failed, shown once more at the end of the run, where a log that is cut still
 * has them: what its runner printed, without the tests that passed.
 *
 * @param job The job.
 */
export function failureLines({ files, output, runtime }: FailedJob): string[] {
  const title = files.length === 1 ? files[0] : `one of ${files.length} files`;
  const lines = withoutNotices(output).split("\n").filter((line) =>
    line.trim() !== "" && !LEFT_OUT.test(line) &&
    readLine(runtime, line)?.passed !== true
  );
  const hidden = Math.max(0, lines.length - LAST_LINES);
  return [
    `failed on ${runtime}, ${title}:`,
    ...(hidden > 0 ? [`     … ${hidden} lines above`] : []),
    ...lines.slice(hidden).map((line) => `     ${line}`),
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
