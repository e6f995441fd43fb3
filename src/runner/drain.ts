import {
  checkOptions,
  MAX_DELAY,
  milliseconds,
  type Rules,
} from "../check/rules.ts";
import { type Clock, systemClock } from "../task/clock.ts";
import { isInTime } from "../task/in_time.ts";
import type { TaskRun } from "../task/task_run.ts";
import { type Drainable, processWork } from "./process_work.ts";
import type { DrainReport } from "./drain_report.ts";
import { both, LONGEST_HOOK } from "./watchers.ts";

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
  return new Drain(() => true).run([...processWork.busy], options, systemClock);
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
  scheduler: Drainable & { readonly clock: Clock },
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
  checkOptions("drain option", options, RULES);
}

const RULES: Rules = {
  timeout: /* @__PURE__ */ milliseconds(0),
  signal: [
    "object",
    "write an AbortSignal, such as AbortSignal.timeout(10_000)",
    (signal: unknown) => signal instanceof AbortSignal,
  ],
};

/** The drains in progress. What one of them abandons appears in the reports of all. */
const drains = new Set<Drain>();

/** Waits until no part of the process has work left, work added during the wait included. */
class Drain {
  readonly #includes: (part: Drainable) => boolean;
  /** What each part did during the drain. Until the end, its counts lack those of the part now. */
  readonly #reports = new Map<Drainable, Report>();

  /** @param includes Whom to wait for. */
  constructor(includes: (part: Drainable) => boolean) {
    this.#includes = includes;
  }

  async run(
    parts: readonly Drainable[],
    options: DrainOptions,
    clock: Clock,
  ): Promise<DrainReport> {
    checkDrainOptions(options);
    parts.forEach(this.#join);
    processWork.listeners.add(this.#join);
    drains.add(this);
    const limit = new Limit(options, clock);
    await this.#wait(limit);
    const report = this.#end();
    drains.delete(this);
    processWork.listeners.delete(this.#join);
    await this.#tell(limit);
    limit.cancel();
    return report;
  }

  /** A part that becomes busy is waited for, from its first task on. */
  readonly #join = (part: Drainable): void => {
    if (!this.#includes(part) || this.#reports.has(part)) return;
    const { failed, succeeded } = part;
    this.#reports.set(part, {
      finished: -succeeded,
      failed: -failed,
      abandoned: [],
    });
  };

  async #wait(limit: Limit): Promise<void> {
    while (!limit.isReached) {
      const busy = this.#busy();
      if (busy.length === 0) return;
      const idle = busy.map((part) => part.whenIdle());
      await Promise.race([limit.promise, ...idle]);
    }
  }

  #busy(): Drainable[] {
    return [...this.#reports.keys()].filter(({ isBusy }) => isBusy);
  }

  /** Abandons what is left. */
  #end(): DrainReport {
    const reason = new DOMException(
      "The tasks were abandoned: the drain deadline has passed",
      "AbortError",
    );
    for (const part of this.#busy()) {
      const runs = part.abandon(reason);
      for (const drain of drains) drain.#abandoned(part, runs);
    }
    const all: Report = { finished: 0, failed: 0, abandoned: [] };
    for (const [part, report] of this.#reports) {
      all.finished += report.finished += part.succeeded;
      all.failed += report.failed += part.failed;
      all.abandoned = all.abandoned.concat(report.abandoned);
    }
    return all;
  }

  /** This drain, or another one, has abandoned tasks. */
  #abandoned(part: Drainable, runs: TaskRun[]): void {
    const report = this.#reports.get(part);
    // `push(...runs)` throws for very many tasks
    if (report !== undefined) report.abandoned = report.abandoned.concat(runs);
  }

  /** Tells the observers, and waits for what they begin: for as long as the drain may take, 30 seconds at most. */
  async #tell(limit: Limit): Promise<void> {
    let begun: Promise<void> | undefined;
    for (const [part, report] of this.#reports) {
      begun = both(begun, part.drained(report));
    }
    if (begun === undefined) return;
    let isTold = false;
    const told = begun.then(() => isTold = true);
    await isInTime(Promise.race([limit.promise, told]), LONGEST_HOOK);
    if (isTold) return;
    console.error("Background tasks: onDrain was cut off");
    if (processWork.isEnding) {
      (globalThis as WithProcess).process!.exitCode ||= 1;
    }
  }
}

/** The one member of the process that is used here. */
type WithProcess = { process?: { exitCode?: unknown } };

/** A report that is being written. */
interface Report {
  finished: number;
  failed: number;
  abandoned: TaskRun[];
}

/** The end of a wait: by its timeout, by its signal, or never. */
class Limit {
  isReached = false;
  readonly promise: Promise<void>;
  readonly #signal: AbortSignal | undefined;
  readonly #clock: Clock;
  readonly #timer: unknown;
  #resolve!: () => void;

  constructor({ timeout, signal }: DrainOptions, clock: Clock) {
    this.promise = new Promise((resolve) => this.#resolve = resolve);
    this.#signal = signal;
    // a timer keeps the process alive while it waits; without one, workerd takes the waiting request
    // for hung
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
    this.isReached = true;
    this.#resolve();
  };
}
