import { TaskRunner, type TaskRunnerOptions } from "@postlude/background-tasks";
import { schedulerOf } from "../../src/runner/scheduler.ts";
import type { Clock } from "../../src/task/clock.ts";
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

/**
 * Makes a runner that tells the time by another clock.
 *
 * @param options The options of the runner.
 * @param clock The clock.
 */
export function createRunner(
  options: TaskRunnerOptions,
  clock: Clock,
): TaskRunner {
  const runner = new TaskRunner(options);
  schedulerOf(runner)!.clock = clock;
  return runner;
}
