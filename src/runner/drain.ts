import { checkKeys, describeValue } from "../check/check.ts";
import { checkMilliseconds } from "../check/check_number.ts";
import { type Clock, MAX_DELAY, systemClock } from "./clock.ts";
import { Scheduler } from "./scheduler.ts";
import type { TaskRun } from "../task/task_state.ts";

/** How long to wait for tasks. */
export interface DrainOptions {
  /**
   * Milliseconds to wait. Then every `signal` is aborted, and what had not ended is reported.
   *
   * @default {undefined} (until everything has ended)
   */
  readonly timeout?: number;
  /**
   * Ends the wait early, as the timeout does.
   *
   * @default {undefined}
   */
  readonly signal?: AbortSignal;
}

/** What became of the tasks while they were waited for. */
export interface DrainReport {
  /** How many succeeded. */
  readonly finished: number;
  /** How many failed or timed out. */
  readonly failed: number;
  /** What had not ended when the wait was over. */
  readonly abandoned: readonly TaskRun[];
}

/**
 * Waits until no runner of the process has anything left, tasks added meanwhile included.
 *
 * @example Before the process ends
 * ```ts
 * import { drain } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * const report = await drain({ timeout: 10_000 });
 * assertEquals(report.abandoned, []);
 * ```
 *
 * @param options How long to wait.
 * @returns What became of the tasks. At the timeout every `signal` is aborted, and what had not
 * ended is reported by name.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If the timeout is out of range.
 */
export function drain(options: DrainOptions = {}): Promise<DrainReport> {
  return new Drain(() => true).run([...Scheduler.busy], options, systemClock);
}

/**
 * Waits until one runner has nothing left.
 *
 * @param scheduler What is behind the runner.
 * @param options How long to wait.
 * @returns What became of its tasks.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If the timeout is out of range.
 */
export function drainScheduler(
  scheduler: Scheduler,
  options: DrainOptions,
): Promise<DrainReport> {
  return new Drain((other) => other === scheduler)
    .run([scheduler], options, scheduler.clock);
}

/**
 * Checks the options of a drain.
 *
 * @param options The options as the user wrote them.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If the timeout is out of range.
 */
export function checkDrainOptions(options: DrainOptions): void {
  checkKeys("drain option", options, ["timeout", "signal"]);
  const { timeout, signal } = options;
  if (timeout !== undefined) checkMilliseconds("timeout", timeout, 0);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(
      `Cannot use signal ${
        describeValue(signal)
      }: write an AbortSignal, such as AbortSignal.timeout(10_000)`,
    );
  }
}

/** Waits for schedulers, again and again until none has anything left. */
class Drain {
  readonly #includes: (scheduler: Scheduler) => boolean;
  readonly #parts = new Map<Scheduler, Part>();

  /** @param includes Whom to wait for. */
  constructor(includes: (scheduler: Scheduler) => boolean) {
    this.#includes = includes;
  }

  async run(
    schedulers: readonly Scheduler[],
    options: DrainOptions,
    clock: Clock,
  ): Promise<DrainReport> {
    checkDrainOptions(options);
    schedulers.forEach(this.#join);
    Scheduler.busyListeners.add(this.#join);
    const limit = new Limit(options, clock);
    for (
      let busy = this.#busy();
      busy.length > 0 && !limit.reached;
      busy = this.#busy()
    ) {
      await Promise.race([
        limit.promise,
        ...busy.map(({ scheduler }) => scheduler.whenIdle()),
      ]);
    }
    limit.cancel();
    Scheduler.busyListeners.delete(this.#join);
    return this.#end();
  }

  /** A scheduler that has become busy is waited for, from its first task on. */
  readonly #join = (scheduler: Scheduler): void => {
    if (!this.#includes(scheduler) || this.#parts.has(scheduler)) return;
    this.#parts.set(scheduler, new Part(scheduler));
  };

  #busy(): Part[] {
    return [...this.#parts.values()].filter(({ scheduler }) =>
      scheduler.isBusy
    );
  }

  /** Abandons what is left, then tells the observers. */
  #end(): DrainReport {
    const reason = new DOMException(
      "The tasks were abandoned: the drain deadline has passed",
      "AbortError",
    );
    for (const part of this.#busy()) part.abandon(reason);
    const reports = [...this.#parts.values()].map((part) => part.end());
    return {
      finished: reports.reduce((sum, { finished }) => sum + finished, 0),
      failed: reports.reduce((sum, { failed }) => sum + failed, 0),
      abandoned: reports.flatMap(({ abandoned }) => abandoned),
    };
  }
}

/** What one scheduler did during a drain. */
class Part {
  readonly scheduler: Scheduler;
  readonly #succeeded: number;
  readonly #failed: number;
  #abandoned: readonly TaskRun[] = [];

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
    this.#succeeded = scheduler.succeeded;
    this.#failed = scheduler.failed;
  }

  abandon(reason: unknown): void {
    this.#abandoned = this.scheduler.abandon(reason);
  }

  end(): DrainReport {
    const { succeeded, failed } = this.scheduler;
    const report = {
      finished: succeeded - this.#succeeded,
      failed: failed - this.#failed,
      abandoned: this.#abandoned,
    };
    this.scheduler.drained(report);
    return report;
  }
}

/** The end of a wait: by its timeout, by its signal, or never. */
class Limit {
  reached = false;
  readonly promise: Promise<void>;
  readonly #signal: AbortSignal | undefined;
  readonly #clock: Clock;
  readonly #timer: unknown;
  #resolve!: () => void;

  constructor({ timeout, signal }: DrainOptions, clock: Clock) {
    this.promise = new Promise((resolve) => this.#resolve = resolve);
    this.#signal = signal;
    // without a timer a process may end here, and workerd takes the waiting request for one that hangs
    this.#clock = timeout === undefined ? systemClock : clock;
    this.#timer = timeout === undefined
      ? systemClock.setTimeout(() => {}, MAX_DELAY)
      : clock.setTimeout(this.#reach, timeout);
    signal?.addEventListener("abort", this.#reach, { once: true });
    if (signal?.aborted) this.#reach();
  }

  cancel(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#reach);
  }

  readonly #reach = (): void => {
    this.reached = true;
    this.#resolve();
  };
}
