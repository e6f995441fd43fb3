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

/** What became of the tests on one runtime. */
export interface TestCount {
  /** How many passed. */
  readonly passed: number;
  /** How many failed; a runtime that cannot start counts as one. */
  readonly failed: number;
  /** What the runtime printed. */
  readonly output: string;
}

/** Escapes text for a regular expression. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
