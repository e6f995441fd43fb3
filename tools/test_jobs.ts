import { rmSync } from "node:fs";
import type { RuntimeName } from "../tests/harness/runtime.ts";
import { endProcesses } from "./processes.ts";
import { bun } from "./runtimes/bun.ts";
import { deno } from "./runtimes/deno.ts";
import { node } from "./runtimes/node.ts";
import { workerd } from "./runtimes/workerd.ts";
import {
  type FailedJob,
  readLine,
  readReport,
  type TestReport,
} from "./test_report.ts";
import type { TestCount, TestRun, TestRuntime } from "./test_run.ts";
import { type ShownJob, TestScreen } from "./test_screen.ts";
import type { RuntimeSummary, TimedTest } from "./test_summary.ts";

const TESTED: Readonly<Record<RuntimeName, TestRuntime>> = {
  bun,
  deno,
  node,
  workerd,
};

/** Options of {@linkcode runJobs}. */
export interface JobOptions {
  /** The runtimes. */
  readonly runtimes: readonly RuntimeName[];
  /** How many jobs run at once. */
  readonly lanes: number;
  /** Whether to show what every job printed. */
  readonly verbose: boolean;
  /** Makes a temporary folder for one job. */
  readonly jobFolder: () => string;
}

/** What became of all jobs. */
export interface JobResults {
  /** How long it took, in milliseconds. */
  readonly elapsed: number;
  /** The jobs that failed. */
  readonly failures: readonly FailedJob[];
  /** What was read, by runtime. */
  readonly reports: ReadonlyMap<RuntimeName, TestReport>;
  /** The figures, by runtime. */
  readonly summaries: ReadonlyMap<RuntimeName, RuntimeSummary>;
  /** Every test that ran. */
  readonly timed: readonly TimedTest[];
}

interface EndedJob extends ShownJob {
  readonly count: TestCount;
  readonly milliseconds: number;
}

/**
 * Runs the tests of all runtimes, a few files at once, and shows how it goes.
 *
 * @param tests What to run.
 * @param options Where, and how many at once.
 */
export async function runJobs(
  tests: TestRun,
  options: JobOptions,
): Promise<JobResults> {
  const jobs = inOrder(
    options.runtimes.map((runtime) =>
      TESTED[runtime].jobs(tests).map((files) => ({ runtime, files }))
    ),
  );
  const screen = new TestScreen(jobs);
  const timed: TimedTest[] = [];
  const ended: EndedJob[] = [];
  const waiting = [...jobs];
  const lane = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      ended.push(await runJob(tests, job, { ...options, screen, timed }));
    }
  };
  const clock = setInterval(() => screen.tick(), 1_000);
  await Promise.all(Array.from({ length: options.lanes }, lane))
    .finally(() => clearInterval(clock));
  screen.close();
  return {
    elapsed: screen.elapsed,
    failures: ended.filter(({ count }) => count.failed > 0)
      .map(({ count, files, runtime }) => ({
        ...{ files, runtime },
        output: count.output,
      })),
    timed,
    ...resultsOf(tests, options, ended),
  };
}

function resultsOf(
  { filter }: TestRun,
  { runtimes }: JobOptions,
  ended: readonly EndedJob[],
): Pick<JobResults, "reports" | "summaries"> {
  const reports = new Map<RuntimeName, TestReport>();
  const summaries = new Map<RuntimeName, RuntimeSummary>();
  for (const runtime of runtimes) {
    const own = ended.filter((job) => job.runtime === runtime);
    const output = own.map(({ count }) => count.output).join("\n");
    const report = readReport(runtime, output, filter);
    reports.set(runtime, report);
    summaries.set(runtime, summaryOf(own, report));
  }
  return { reports, summaries };
}

/** Always the next of the longest list: different runtimes run side by side, and end together. */
function inOrder<T>(lists: readonly (readonly T[])[]): T[] {
  const left = lists.map((list) => [...list]);
  const order: T[] = [];
  for (;;) {
    const longest = left.toSorted((a, b) => b.length - a.length)[0];
    const next = longest?.shift();
    if (next === undefined) return order;
    order.push(next);
  }
}

interface RunningJobOptions extends JobOptions {
  readonly screen: TestScreen;
  readonly timed: TimedTest[];
}

async function runJob(
  tests: TestRun,
  job: ShownJob,
  { jobFolder, screen, timed, verbose }: RunningJobOptions,
): Promise<EndedJob> {
  const start = performance.now();
  const { runtime } = job;
  const folder = jobFolder();
  screen.begin(job);
  const failures = new Set<string>();
  const onLine = (line: string): void => {
    const test = readLine(runtime, line);
    if (test === undefined || failures.has(test.name)) return; // Node says so again in the end
    if (!test.passed) failures.add(test.name);
    screen.test(job, test);
    timed.push({ runtime, name: test.name, milliseconds: test.milliseconds });
  };
  const env = { TMPDIR: folder };
  let count = await testOn(tests, { ...job, env, onLine });
  const left = await endProcesses(folder);
  if (left.length > 0) {
    count = withLeft(
      count,
      left.map(({ command }) => command),
    );
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  if (verbose && count.failed === 0) screen.print(count.output);
  screen.end(job, count);
  return { ...job, count, milliseconds: performance.now() - start };
}

/** A runtime that cannot start has failed: it is never left out. */
async function testOn(
  tests: TestRun,
  job: ShownJob & Parameters<TestRuntime["run"]>[1],
): Promise<TestCount> {
  try {
    return await TESTED[job.runtime].run(tests, job);
  } catch (error) {
    const output = `Cannot run the tests on ${job.runtime}: ${error}`;
    return { failed: 1, output, passed: 0 };
  }
}

/** Processes that outlive their tests are a failure. */
function withLeft(
  { failed, output, passed }: TestCount,
  commands: readonly string[],
): TestCount {
  const lines = commands.map((command) =>
    `Cannot end the tests: they left a process behind, now ended: ${command}`
  );
  return { failed: failed + 1, output: [output, ...lines].join("\n"), passed };
}

function summaryOf(
  jobs: readonly EndedJob[],
  { leftOut }: TestReport,
): RuntimeSummary {
  const sum = (value: (job: EndedJob) => number): number =>
    jobs.reduce((total, job) => total + value(job), 0);
  return {
    failed: sum(({ count }) => count.failed),
    leftOut: leftOut.size,
    milliseconds: sum(({ milliseconds }) => milliseconds),
    passed: sum(({ count }) => count.passed),
  };
}
