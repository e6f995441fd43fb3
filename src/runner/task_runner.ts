import { checkOptions, type Rule, type Rules } from "../check/rules.ts";
import {
  checkDrainOptions,
  type DrainOptions,
  drainScheduler,
} from "./drain.ts";
import type { DrainReport } from "./drain_report.ts";
import { OBSERVERS, Observers, type TaskObserver } from "./observer.ts";
import { SCHEDULER, Scheduler } from "./scheduler.ts";

/** Options of a {@linkcode TaskRunner}. */
export interface TaskRunnerOptions {
  /**
   * How many requests may have their tasks running at once; the others wait in order. An integer,
   * at least 1.
   *
   * @default {Infinity}
   */
  readonly concurrency?: number;
  /**
   * How many tasks may wait for their turn or run; one that waits for a slow client does not count.
   * At the limit `addTask` throws `TaskQueueFullError`. An integer, at least 1.
   *
   * @default {Infinity}
   */
  readonly maxPending?: number;
  /**
   * Who watches the tasks.
   *
   * @default {[]}
   */
  readonly observers?: readonly TaskObserver[];
}

const LIMIT: Rule<number> = [
  "number",
  "it must be an integer of at least 1, or Infinity",
  (limit) => limit === Infinity || (Number.isInteger(limit) && limit >= 1),
];

const RULES: Rules = {
  concurrency: LIMIT,
  maxPending: LIMIT,
  observers: OBSERVERS,
};

/** What a runner is doing. */
export interface TaskRunnerStats {
  /** Tasks that were added and have not ended. */
  readonly pending: number;
  /** Those of them that run. */
  readonly running: number;
  /** Those of them that wait: for the response, for an earlier task, or for a free place. */
  readonly waiting: number;
  /** Tasks that succeeded so far. */
  readonly succeeded: number;
  /** Tasks that failed or timed out so far. */
  readonly failed: number;
  /**
   * Where the latest request's `waitUntil` came from, by name; `"process"` where nothing but this
   * process guarantees the work; `undefined` before the first task.
   */
  readonly platform: string | undefined;
}

/**
 * Executes the background tasks of a process: limits, observers, figures and draining.
 *
 * Every middleware without a `runner` of its own shares one.
 *
 * @example Refuse work instead of running out of memory
 * ```ts
 * import { TaskRunner } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * const runner = new TaskRunner({ concurrency: 10, maxPending: 1_000 });
 * assertEquals(runner.stats().pending, 0);
 * await runner.close();
 * ```
 */
export class TaskRunner {
  readonly #scheduler: Scheduler;

  /**
   * Creates a runner.
   *
   * @param options Its limits and observers.
   * @throws {TypeError} If an option is unknown or of the wrong kind.
   * @throws {RangeError} If a limit is out of range.
   */
  constructor(options: TaskRunnerOptions = {}) {
    checkOptions("runner option", options, RULES);
    const { concurrency = Infinity, maxPending = Infinity, observers = [] } =
      options;
    this.#scheduler = new Scheduler(
      { concurrency, maxPending },
      observers.length > 0 ? new Observers(observers) : undefined,
    );
    // not a field of the class: its name would be a part of the public type
    Object.defineProperty(this, SCHEDULER, { value: this.#scheduler });
  }

  /** Tells what the runner is doing. */
  stats(): TaskRunnerStats {
    const { pending, running, succeeded, failed, platform } = this.#scheduler;
    return {
      pending,
      running,
      waiting: pending - running,
      succeeded,
      failed,
      platform,
    };
  }

  /**
   * Waits until nothing is left, tasks added meanwhile included.
   *
   * A task that waits for it waits for itself: until the timeout.
   *
   * @param options How long to wait.
   * @returns What became of the tasks. At the timeout every `signal` is aborted, and what had not
   * ended is reported by name.
   * @throws {TypeError} If an option is unknown or of the wrong kind.
   * @throws {RangeError} If the timeout is out of range.
   */
  drain(options: DrainOptions = {}): Promise<DrainReport> {
    return drainScheduler(this.#scheduler, options);
  }

  /**
   * Refuses further tasks, those of running tasks included, then drains.
   *
   * @param options How long to wait.
   * @returns What became of the tasks.
   * @throws {TypeError} If an option is unknown or of the wrong kind; then the runner stays open.
   * @throws {RangeError} If the timeout is out of range; then the runner stays open.
   */
  async close(options: DrainOptions = {}): Promise<DrainReport> {
    checkDrainOptions(options);
    this.#scheduler.isClosed = true;
    return await this.drain(options);
  }
}
