import type { TestFiles } from "./find_tests.ts";

/** What one test command is to run. */
export interface TestRun extends TestFiles {
  /** Only tests whose name contains this text; all when empty. */
  readonly filter: string;
  /** A temporary folder, in which modules find the packages of the project. */
  readonly folder: string;
  /** Arguments that let Deno find `@std/assert`. */
  readonly denoArguments: readonly string[];
}

/** Some test files, for one process of a test runner. */
export interface TestJob {
  /** The files. */
  readonly files: readonly string[];
  /** Environment variables on top of those of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** Takes each line that the test runner prints, as it does. */
  readonly onLine: (line: string) => void;
}

/** A runtime, and how its tests are run. */
export interface TestRuntime {
  /** The files it runs, those of one job together; the jobs may run side by side. */
  jobs(tests: TestRun): readonly (readonly string[])[];
  /** Runs the files of one job. */
  run(tests: TestRun, job: TestJob): Promise<TestCount>;
}

/** What became of the tests of one job. */
export interface TestCount {
  /** How many passed. */
  readonly passed: number;
  /** How many failed; a runtime that cannot start counts as one. */
  readonly failed: number;
  /** What the runtime printed. */
  readonly output: string;
}

/**
 * Unit tests in one job, since most of them are over at once, and every file that starts processes
 * in one of its own.
 *
 * @param tests The files.
 */
export function jobsOf(
  { processes, unit }: Pick<TestFiles, "processes" | "unit">,
): string[][] {
  return [[...unit], ...processes.map((file) => [file])]
    .filter((files) => files.length > 0);
}

/** Escapes text for a regular expression. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
