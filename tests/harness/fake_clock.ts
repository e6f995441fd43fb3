import type { TaskRunner, TaskRunnerOptions } from "@postlude/background-tasks";
import { createRunner } from "../../src/runner/task_runner.ts";
import { VirtualClock } from "../../src/testing/virtual_clock.ts";

/** A runner whose time stands still until a test moves it. */
export interface FakeTime {
  /** Moves the time: `await clock.advance(200)`. It starts at 0. */
  readonly clock: VirtualClock;
  /** Tells the time by that clock. */
  readonly runner: TaskRunner;
}

/**
 * Makes a runner whose time stands still until a test moves it.
 *
 * @param options The options of the runner.
 */
export function fakeTime(options: TaskRunnerOptions = {}): FakeTime {
  const clock = new VirtualClock();
  return { clock, runner: createRunner(options, clock) };
}
