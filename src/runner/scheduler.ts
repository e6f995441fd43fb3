import { type Clock, MAX_DELAY } from "./clock.ts";
import type { DrainReport } from "./drain.ts";
import {
  BackgroundTasksClosedError,
  TaskQueueFullError,
} from "../check/errors.ts";
import { InFlight } from "./line.ts";
import {
  callHook,
  type Surround,
  surroundOf,
  type TaskEvent,
  type TaskObserver,
} from "./observer.ts";
import { IS_WORKERS } from "../response_end/runtime.ts";
import type { RequestRecord } from "../request/request_record.ts";
import type { TaskSequence } from "../request/sequence.ts";
import type { TaskRun, TaskState } from "../task/task_state.ts";

/** Part of this package that watches every task of the process: it must not throw. */
export interface Watcher {
  /** Something became of a task. */
  notify(event: TaskEvent, state: TaskState): void;
  /** A request has begun: what is kept of it. */
  newRecord(now: () => number): RequestRecord;
  /** The handler of a request has returned, or its response has ended. */
  requestChanged(record: RequestRecord): void;
}

/** What the copies of this package in one process have in common: each drains the tasks of all. */
interface Shared {
  readonly busy: Set<Scheduler>;
  readonly busyListeners: Set<(scheduler: Scheduler) => void>;
}

/**
 * The key of what is shared: a bundler may make a copy for each entry, a reload for each edit. A
 * scheduler of another shape, for what `drain.ts` uses of it, needs another number.
 */
const SHARED = Symbol.for("@postlude/background-tasks/schedulers/1");

const shared = (globalThis as { [SHARED]?: Shared })[SHARED] ??= {
  busy: new Set(),
  busyListeners: new Set(),
};

/**
 * What a `TaskRunner` does: it counts tasks, lets sequences start in order, and knows which are
 * in flight.
 *
 * Invariant: `pending` is the number of tasks admitted and not ended, and the scheduler is in
 * `busy` while that or `#hooks` is not zero, unless it is hidden; a sequence is in `#sequences` from
 * its first task to its finish.
 */
export class Scheduler {
  /** Every scheduler with pending tasks: what `drain()` waits for. */
  static readonly busy: Set<Scheduler> = shared.busy;
  /** Who watches the tasks of all schedulers. */
  static readonly watchers: Set<Watcher> = new Set();
  /** Whether the process is ending: what would stream for ever stops. */
  static isShuttingDown = false;
  /** Told of each scheduler that gets its first pending task, before it is admitted. */
  static readonly busyListeners: Set<(scheduler: Scheduler) => void> =
    shared.busyListeners;

  /** Replaced only before the first task: by a test that has a clock of its own. */
  clock: Clock;
  readonly observers: readonly TaskObserver[];
  /** Makes an attempt inside what the observers set up for it; absent where none does. */
  readonly surround: Surround | undefined;
  /** The source of the latest `waitUntil`, by name. */
  platform: string | undefined = undefined;
  /** Whether only a test client knows it: `drain()` never hears of it. */
  isHidden = false;
  closed = false;
  pending = 0;
  running = 0;
  succeeded = 0;
  failed = 0;
  /** Hooks whose promises have not settled. */
  #hooks = 0;
  readonly #concurrency: number;
  readonly #maxPending: number;
  readonly #sequences = new InFlight();
  /** Those that wait for a free place, linked in the order their responses ended. */
  #firstReady: TaskSequence | undefined = undefined;
  #lastReady: TaskSequence | undefined = undefined;
  #open = 0;
  #filling = false;
  #idle: (() => void)[] = [];

  constructor(
    clock: Clock,
    concurrency: number,
    maxPending: number,
    observers: readonly TaskObserver[],
  ) {
    this.clock = clock;
    this.#concurrency = concurrency;
    this.#maxPending = maxPending;
    this.observers = observers;
    this.surround = surroundOf(observers);
  }

  /**
   * Makes room for tasks, all of them or none.
   *
   * @throws {BackgroundTasksClosedError} If the runner was closed.
   * @throws {TaskQueueFullError} If there would be more than `maxPending`.
   */
  admit(first: TaskState, count: number): void {
    if (this.closed) {
      throw new BackgroundTasksClosedError(first.name, "the runner was closed");
    }
    if (this.pending + count > this.#maxPending) {
      throw new TaskQueueFullError(first.name, this.#maxPending);
    }
    if (!this.isBusy) this.#becomeBusy();
    this.pending += count;
  }

  /** Whether there is something to wait for: tasks, or what a hook has begun. */
  get isBusy(): boolean {
    return this.pending + this.#hooks > 0;
  }

  /** What a hook has begun is waited for, as a task is. */
  hookBegins(): void {
    if (!this.isBusy) this.#becomeBusy();
    this.#hooks++;
  }

  /** It has ended. */
  hookEnds(): void {
    this.#hooks--;
    this.#checkIdle();
  }

  /** A task that was admitted starts. */
  started(state: TaskState): void {
    this.running++;
    this.notify("onStart", state);
  }

  /** A task that was admitted has ended: it gives its place back, and then its hooks are called. */
  ended(state: TaskState): void {
    if (state.startedAt !== undefined) this.running--;
    const { status } = state;
    if (status === "succeeded") this.succeeded++;
    if (status === "failed" || status === "timed-out") this.failed++;
    this.pending--;
    this.#checkIdle();
  }

  #checkIdle(): void {
    if (this.isBusy) return;
    Scheduler.busy.delete(this);
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  /** A sequence has a task that was admitted. */
  add(sequence: TaskSequence): void {
    this.#sequences.add(sequence);
  }

  /** The response of a sequence has ended: its tasks may start when it is their turn. */
  enqueue(sequence: TaskSequence): void {
    if (this.#open < this.#concurrency) return this.#start(sequence);
    // workerd takes a request without a timer of its own, which only another one can wake, for dead
    if (IS_WORKERS) setTimeout(() => {}, MAX_DELAY);
    if (this.#firstReady === undefined) this.#firstReady = sequence;
    else this.#lastReady!.nextReady = sequence;
    this.#lastReady = sequence;
  }

  /** A sequence has nothing left to run. */
  remove(sequence: TaskSequence, started: boolean): void {
    this.#sequences.delete(sequence);
    if (started) this.#open--;
    if (this.#filling) return; // one that had nothing to run: the loop below goes on
    this.#filling = true;
    while (
      this.#firstReady !== undefined &&
      (this.#firstReady.finished || this.#open < this.#concurrency)
    ) {
      const next = this.#firstReady;
      this.#firstReady = next.nextReady;
      next.nextReady = undefined; // see `InFlight`
      if (!next.finished) this.#start(next);
    }
    this.#filling = false;
  }

  /** Resolves once any scheduler has a pending task. */
  static whenBusy(): Promise<void> {
    if (Scheduler.busy.size > 0) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        Scheduler.busyListeners.delete(wake);
        resolve();
      };
      Scheduler.busyListeners.add(wake);
    });
  }

  /** Resolves once there is nothing to wait for. */
  whenIdle(): Promise<void> {
    if (!this.isBusy) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Stops everything in flight, and tells what that was. */
  abandon(reason: unknown): TaskRun[] {
    return this.#sequences.all().flatMap((sequence) =>
      sequence.stop("abandoned", reason)
    );
  }

  /** Whether anybody is told what becomes of a task. */
  get isWatched(): boolean {
    return this.observers.length > 0 || Scheduler.watchers.size > 0;
  }

  /** Tells every observer. A snapshot is made only when somebody listens. */
  notify(event: TaskEvent, state: TaskState): void {
    if (Scheduler.watchers.size > 0) {
      for (const watcher of Scheduler.watchers) watcher.notify(event, state);
    }
    if (this.observers.length === 0) return;
    for (const observer of this.observers) {
      callHook(event, () => observer[event]?.(state.snapshot()));
    }
  }

  /** Tells every observer what became of the tasks that were waited for. */
  drained(report: DrainReport): void {
    for (const observer of this.observers) {
      callHook("onDrain", () => observer.onDrain?.(report));
    }
  }

  #becomeBusy(): void {
    if (this.isHidden) return;
    Scheduler.busy.add(this);
    for (const tell of Scheduler.busyListeners) tell(this);
  }

  #start(sequence: TaskSequence): void {
    this.#open++;
    sequence.start();
  }
}
