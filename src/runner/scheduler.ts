import {
  BackgroundTasksClosedError,
  TaskQueueFullError,
} from "../check/errors.ts";
import { MAX_DELAY } from "../check/rules.ts";
import { IS_WORKERS } from "../response_end/runtime.ts";
import { type Clock, systemClock } from "../task/clock.ts";
import type { Surround } from "../task/task.ts";
import type { EndStatus, TaskRun } from "../task/task_run.ts";
import type { DrainReport } from "./drain_report.ts";
import { Line, type Linked } from "./line.ts";
import { becomesBusy, becomesIdle, type Drainable } from "./process_work.ts";
import { processWatchers, type Watcher } from "./watchers.ts";

/** The work of one request, as a scheduler sees it: its tasks, and what their hooks began. */
export interface ScheduledWork extends Linked<ScheduledWork> {
  /** Its place in the line of those that wait until they may start: the scheduler's own. */
  place: Place | undefined;
  /** Its tasks may run, one after another. */
  start(): void;
  /** Ends what waits or runs, and tells what that was. */
  stop(status: EndStatus, reason: unknown): TaskRun[];
}

/** The place of a request's work in the line of what waits until it may start. */
interface Place extends Linked<Place> {
  readonly work: ScheduledWork;
}

/** What a runner's observers add to its scheduler. */
export interface SchedulerObservers extends Watcher {
  /** Surrounds each attempt; `undefined` where no observer does. */
  readonly surround: Surround | undefined;
  /** A wait for the tasks is over. */
  drained(report: DrainReport): Promise<void> | undefined;
}

/** The limits of a scheduler, checked. */
interface SchedulerLimits {
  /** How many requests may have their tasks running at once. */
  readonly concurrency: number;
  /** How many tasks may wait for their turn, or run. */
  readonly maxPending: number;
}

/**
 * What a `TaskRunner` does: it counts tasks, lets those of one request after another start, and knows
 * which requests are in flight.
 *
 * Invariant: `pending` is the number of tasks that were admitted and have not ended. The work
 * of a request is in flight from its first task or hook to its last.
 */
export class Scheduler implements Drainable {
  /** Replaced only before the first task: by a test that has a clock of its own. */
  clock: Clock = systemClock;
  readonly observers: SchedulerObservers | undefined;
  /** The source of the latest `waitUntil`, by name. */
  platform: string | undefined;
  /** Whether only a test client uses this scheduler: a drain of the process does not wait for it. */
  isHidden = false;
  isClosed = false;
  pending = 0;
  running = 0;
  succeeded = 0;
  failed = 0;
  /** The tasks of `pending` that wait for a slow client: they hold no place of `maxPending`. */
  sending = 0;
  /** Promises of hooks that have not settled. */
  #hooks = 0;
  readonly #limits: SchedulerLimits;
  /** The requests with something to wait for, in the order in which they got it. */
  readonly #inFlight = new Line<ScheduledWork>();
  /** Those of them that wait until they may start, in the order their responses ended. */
  readonly #ready = new Line<Place>();
  /** How many requests have their tasks running: `concurrency` at most. */
  #open = 0;
  #idle: (() => void)[] = [];

  constructor(limits: SchedulerLimits, observers?: SchedulerObservers) {
    this.#limits = limits;
    this.observers = observers;
  }

  /**
   * Makes room for tasks, all of them or none.
   *
   * @throws {BackgroundTasksClosedError} If the runner was closed.
   * @throws {TaskQueueFullError} If there would be more than `maxPending`.
   */
  admit(first: { readonly name: string }, count: number): void {
    if (this.isClosed) {
      throw new BackgroundTasksClosedError(first.name, "the runner was closed");
    }
    const { maxPending } = this.#limits;
    if (this.pending - this.sending + count > maxPending) {
      throw new TaskQueueFullError(first.name, maxPending);
    }
    this.count(count, 0);
  }

  /** Whether tasks may be refused. */
  get isLimited(): boolean {
    return this.#limits.maxPending !== Infinity;
  }

  /** Whether there is something to wait for: tasks, or what a hook has begun. */
  get isBusy(): boolean {
    return this.pending + this.#hooks > 0;
  }

  /**
   * Adds to the counts of tasks and hooks; a negative number takes away. Unlike `admit()`, it refuses
   * nothing.
   */
  count(tasks: number, hooks: number): void {
    const wasBusy = this.isBusy;
    this.pending += tasks;
    this.#hooks += hooks;
    if (this.isBusy === wasBusy) return;
    if (wasBusy) this.#becomeIdle();
    else if (!this.isHidden) becomesBusy(this);
  }

  /** A task that was admitted has ended: it gives its place back. */
  taskEnded(status: EndStatus, ran: boolean): void {
    if (ran) this.running--;
    if (status === "succeeded") this.succeeded++;
    if (status === "failed" || status === "timed-out") this.failed++;
    this.count(-1, 0);
  }

  /** There is something to wait for in this work. */
  add(work: ScheduledWork): void {
    this.#inFlight.add(work);
  }

  /** There is nothing left to wait for in this work. */
  remove(work: ScheduledWork): void {
    this.#inFlight.delete(work);
  }

  /** The response has ended: the tasks may start when it is their turn. */
  enqueue(work: ScheduledWork): void {
    if (this.#open < this.#limits.concurrency) return this.#start(work);
    // workerd takes a request that has no timer of its own, and that only another request can wake,
    // for dead
    if (IS_WORKERS) setTimeout(() => {}, MAX_DELAY);
    work.place = { work, previous: undefined, next: undefined };
    this.#ready.add(work.place);
  }

  /** No task is left: what waits leaves the line; in place of what ran, others start. */
  dequeue(work: ScheduledWork): void {
    if (work.place !== undefined) return this.#leaveLine(work);
    this.#open--;
    while (this.#open < this.#limits.concurrency) {
      const { first } = this.#ready;
      if (first === undefined) return;
      this.#leaveLine(first.work);
      this.#start(first.work);
    }
  }

  /** Resolves once there is nothing to wait for. */
  whenIdle(): Promise<void> {
    if (!this.isBusy) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Stops everything in flight, and tells what that was. */
  abandon(reason: unknown): TaskRun[] {
    return this.#inFlight.all()
      .flatMap((work) => work.stop("abandoned", reason));
  }

  /** Whether anybody is told what becomes of a task. */
  get isWatched(): boolean {
    return this.observers !== undefined || processWatchers.size > 0;
  }

  /** Tells the observers that a drain is over, with its report. */
  drained(report: DrainReport): Promise<void> | undefined {
    return this.observers?.drained(report);
  }

  #becomeIdle(): void {
    becomesIdle(this);
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #leaveLine(work: ScheduledWork): void {
    this.#ready.delete(work.place!);
    work.place = undefined;
  }

  #start(work: ScheduledWork): void {
    this.#open++;
    work.start();
  }
}

/** The key of a runner's scheduler: registered, so that copies of this package know each other's. */
export const SCHEDULER: unique symbol = Symbol.for(
  "@postlude/background-tasks/scheduler/1",
);

/**
 * The scheduler behind a runner that a user holds.
 *
 * @param runner What the user holds.
 * @returns The scheduler; `undefined` for what is no runner, of whatever copy of this package.
 */
export function schedulerOf(runner: unknown): Scheduler | undefined {
  return (runner as { [SCHEDULER]?: Scheduler } | null)?.[SCHEDULER];
}

/** The scheduler of the process: of every middleware without a `runner` of its own. */
export const defaultScheduler: Scheduler = new Scheduler({
  concurrency: Infinity,
  maxPending: Infinity,
});
