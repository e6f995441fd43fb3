import type { BackgroundTask } from "../task/task.ts";
import { nextTimer, nextTurn } from "./next_turn.ts";
import { Recording, type TaskMoment } from "./recorded_task.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** A task whose turn has come, and which the test holds back. */
interface Held {
  readonly task: BackgroundTask;
  go(): void;
}

/** After this many timers of the tasks without news, the tasks can only wait for the clock. */
const IDLE_TIMERS = 10;

/**
 * What happened to the tasks of one client, in order, and what they wait for: the part behind
 * `client.tasks`.
 */
export class TaskLog {
  added: Recording[] = [];
  started: Recording[] = [];
  ended: Recording[] = [];
  /** Tasks that were added and have not ended. */
  readonly pending: Set<BackgroundTask> = new Set();
  readonly #holds: boolean;
  readonly #clock: VirtualClock | undefined;
  readonly #recordings = new WeakMap<BackgroundTask, Recording>();
  readonly #held = new Map<BackgroundTask, Held>();
  /** The tasks that were started during each `releaseAll()` that goes on. */
  readonly #runs = new Set<Recording[]>();
  #changes = 0;
  #changed: (() => void)[] = [];

  constructor(holds: boolean, clock: VirtualClock | undefined) {
    this.#holds = holds;
    this.#clock = clock;
  }

  add(task: BackgroundTask, moment: TaskMoment): void {
    const recording = new Recording(task, moment);
    this.#recordings.set(task, recording);
    this.added.push(recording);
    this.pending.add(task);
    this.#change();
  }

  start(task: BackgroundTask, moment: TaskMoment): void {
    const recording = this.recordingOf(task);
    recording.started = moment;
    for (const list of [this.started, ...this.#runs]) list.push(recording);
    this.#change();
  }

  /** Without a clock that can be moved, the delay between two attempts is left out. */
  retry(task: BackgroundTask): void {
    if (this.#clock === undefined) {
      void Promise.resolve().then(() => task.details?.release?.());
    }
    this.#change();
  }

  end(task: BackgroundTask, moment: TaskMoment): void {
    const recording = this.recordingOf(task);
    recording.ended = moment;
    this.ended.push(recording);
    this.pending.delete(task);
    this.#held.get(task)?.go(); // it was cancelled: the next one's turn comes
    this.#change();
  }

  recordingOf(task: BackgroundTask): Recording {
    return this.#recordings.get(task)!;
  }

  /** Holds a task back whose turn has come, unless everything is let go. */
  hold(task: BackgroundTask): Promise<void> | undefined {
    if (!this.#holds || this.#runs.size > 0) return undefined;
    return new Promise((resolve) => {
      const go = (): void => {
        this.#held.delete(task);
        resolve();
      };
      this.#held.set(task, { task, go });
      this.#change();
    });
  }

  /** Lets the next held task go; `undefined` where no task waits for its turn. */
  async releaseNext(): Promise<BackgroundTask | undefined> {
    await nextTurn(); // the one behind the task that ended last reaches its turn
    const [next] = this.#held.values();
    next?.go();
    return next?.task;
  }

  /**
   * Lets every task go, those included whose turn comes while `during` waits. Resolves to those that
   * were started meanwhile, forgotten or not.
   */
  async releaseAll(during: () => Promise<void>): Promise<Recording[]> {
    const run: Recording[] = [];
    this.#runs.add(run);
    try {
      await nextTurn();
      for (const { go } of [...this.#held.values()]) go();
      await during();
      return run;
    } finally {
      this.#runs.delete(run);
    }
  }

  /** Waits while a condition holds, and moves the clock whenever nothing else is left to wait for. */
  async waitWhile(condition: () => boolean): Promise<void> {
    while (condition()) {
      const seen = this.#changes;
      await nextTurn();
      const isOnClock = this.#clock?.untilNext() !== undefined;
      if (!isOnClock) await this.#nextChange(seen);
      else if (await this.#isIdle(seen)) await this.#moveClock();
    }
  }

  forget(): void {
    this.added = [];
    this.started = [];
    this.ended = [];
  }

  async #isIdle(seen: number): Promise<boolean> {
    for (let timers = 0; timers < IDLE_TIMERS; timers++) await nextTimer();
    return this.#changes === seen;
  }

  async #moveClock(): Promise<void> {
    await this.#clock?.advance(this.#clock.untilNext() ?? 0);
  }

  #nextChange(seen: number): Promise<void> {
    if (this.#changes !== seen) return Promise.resolve();
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #change(): void {
    this.#changes++;
    const changed = this.#changed;
    this.#changed = [];
    for (const resolve of changed) resolve();
  }
}
