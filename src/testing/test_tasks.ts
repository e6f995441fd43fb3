import type { RecordedTask } from "./recorded_task.ts";
import { hasFailed, unfinishedTasks } from "./task_failure.ts";
import type { TaskLog } from "./task_log.ts";
import { TimeLimit } from "./time_limit.ts";

/** The tasks that the requests of a test client added, and what became of them. */
export interface TestTasks extends Iterable<RecordedTask> {
  /** Every task, in the order they were added. */
  readonly added: readonly RecordedTask[];
  /** The tasks that were started, in that order. */
  readonly ran: readonly RecordedTask[];
  /** The tasks that succeeded, in the order they ended. */
  readonly succeeded: readonly RecordedTask[];
  /** The tasks that failed, timed out or expired, in the order they ended. */
  readonly failed: readonly RecordedTask[];
  /** The tasks whose `runOn` said no, in the order that was found. */
  readonly discarded: readonly RecordedTask[];
  /** The tasks that were not started yet, in the order they were added. */
  readonly waiting: readonly RecordedTask[];
  /** How many tasks were added. */
  readonly size: number;
  /**
   * Runs the task whose turn it is, where the client holds tasks back.
   *
   * @returns The task, once it has ended; `undefined` where none waits for its turn.
   * @throws {Error} If the task fails, unless `raiseTaskErrors` is `false`, or if it has not ended
   * after the `timeLimit` of the client.
   */
  runNext(): Promise<RecordedTask | undefined>;
  /**
   * Runs every task that is held back, and those they add, as they would run in production.
   *
   * @returns The tasks that were started, in that order.
   * @throws {Error} If one fails, once all have ended, unless `raiseTaskErrors` is `false`, or if one
   * has not ended after the `timeLimit` of the client.
   */
  runAll(): Promise<RecordedTask[]>;
  /** Forgets the tasks so far. Those that are held back or run go on all the same. */
  clear(): void;
}

/** The tasks of a client over its log. */
export class LoggedTasks implements TestTasks {
  readonly #log: TaskLog;
  readonly #raise: (tasks: readonly RecordedTask[]) => void;
  readonly #timeLimit: number;

  constructor(
    log: TaskLog,
    raise: (tasks: readonly RecordedTask[]) => void,
    timeLimit: number,
  ) {
    this.#log = log;
    this.#raise = raise;
    this.#timeLimit = timeLimit;
  }

  get added(): readonly RecordedTask[] {
    return [...this.#log.added];
  }

  get ran(): readonly RecordedTask[] {
    return [...this.#log.started];
  }

  get succeeded(): readonly RecordedTask[] {
    return this.#log.ended.filter(({ status }) => status === "succeeded");
  }

  get failed(): readonly RecordedTask[] {
    return this.#log.ended.filter(hasFailed);
  }

  get discarded(): readonly RecordedTask[] {
    return this.#log.ended.filter(({ status }) => status === "discarded");
  }

  get waiting(): readonly RecordedTask[] {
    return this.#log.added.filter(({ status }) => status === "waiting");
  }

  get size(): number {
    return this.#log.added.length;
  }

  [Symbol.iterator](): Iterator<RecordedTask> {
    return this.added[Symbol.iterator]();
  }

  async runNext(): Promise<RecordedTask | undefined> {
    const task = await this.#log.releaseNext();
    if (task === undefined) return undefined;
    await this.#waitWhile(() => !task.hasEnded);
    const recording = this.#log.recordingOf(task);
    this.#raise([recording]);
    return recording;
  }

  async runAll(): Promise<RecordedTask[]> {
    const ran = await this.#log.releaseAll(() =>
      this.#waitWhile(() => this.#log.pending.size > 0)
    );
    this.#raise(ran);
    return ran;
  }

  clear(): void {
    this.#log.forget();
  }

  async #waitWhile(condition: () => boolean): Promise<void> {
    const limit = new TimeLimit(this.#timeLimit);
    const waiting = this.#log.waitWhile(() => !limit.isReached && condition());
    await limit.race(waiting, (after) => {
      const unfinished = unfinishedTasks([...this.#log.pending], after);
      return `Cannot run the tasks: ${unfinished ?? `it is not over${after}`}`;
    });
  }
}
