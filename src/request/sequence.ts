import { Gate, thisTurn } from "../response_end/turn.ts";
import { Line } from "../runner/line.ts";
import type { BackgroundTask } from "../task/task.ts";

/** What starts the tasks of a sequence. */
export interface TaskStarter {
  /**
   * It is a task's turn: it starts, or ends without having run.
   *
   * @returns Settles once the task has started, where it has to wait: somebody holds it back, or
   * tasks have kept the event loop to themselves for so long that others must have a turn. Else
   * `undefined`.
   */
  start(task: BackgroundTask): Promise<void> | undefined;
}

/**
 * The order of the tasks of one request: one step after another, once it has been opened.
 *
 * Each task is a continuation attached where the task was added, so that it keeps the async context
 * (`AsyncLocalStorage`) of that call, and the next step does not see what it changed.
 */
export class Sequence<Starter extends TaskStarter = TaskStarter> {
  /** The tasks that have not ended, in order; promises of `waitUntil()` stand among them. */
  readonly unended: Line<BackgroundTask> = new Line();
  protected isOpen = false;
  /** What the tasks belong to. */
  protected readonly owner: Starter;
  /** What the first step waits for; `undefined` before a task is added, and after `close()`. */
  #gate: Gate | undefined;
  /** Fulfils when the latest step has begun, and the steps before it have ended. */
  #tail!: Promise<void>;
  /** The task that was added last. */
  #last: BackgroundTask | undefined;

  constructor(owner: Starter) {
    this.owner = owner;
  }

  /** Adds a task as the next step. */
  add(task: BackgroundTask): void {
    const before = this.#before();
    this.unended.add(task);
    this.#last = task;
    this.#tail = before.then(() => this.#begin(task));
  }

  /** Adds several tasks as one step: they run at once. */
  addGroup(tasks: readonly BackgroundTask[]): void {
    if (tasks.length === 0) return; // all of them were cancelled before
    const before = this.#before();
    for (const task of tasks) {
      task.detail.group = tasks;
      this.unended.add(task);
      this.#last = task;
    }
    // one continuation for each task of the group, so that no task sees the async context another one
    // enters
    const all = tasks.map((task) => before.then(() => this.#begin(task)));
    this.#tail = Promise.all(all).then(() => {});
  }

  /** Lets the first step start. */
  protected open(): void {
    this.isOpen = true;
    this.#gate?.open();
  }

  /** Every task has ended: a task that is added later waits for the next `open()`. */
  protected close(): void {
    this.isOpen = false;
    this.#gate = this.#last = undefined;
  }

  /** What the next step waits for. The end of the last task is awaited once another one is added. */
  #before(): Promise<void> {
    if (this.#gate === undefined) {
      this.#gate = thisTurn().gate;
      return this.#gate.opening;
    }
    const last = this.#last;
    return last?.status === "running"
      ? this.#tail.then(() => endOf(last))
      : this.#tail;
  }

  #begin(task: BackgroundTask): PromiseLike<void> | void {
    if (task.hasEnded) return;
    if (!this.isOpen) return this.#waitForOpening(task);
    const held = this.owner.start(task);
    if (held !== undefined) return held.then(() => endOf(task));
    if (task !== this.#last && !task.hasEnded) return endOf(task);
  }

  /** Waits on: the shared gate has opened for other requests, and this one may not start yet. */
  #waitForOpening(task: BackgroundTask): Promise<void> {
    if (this.#gate?.isOpen !== false) this.#gate = new Gate();
    return this.#gate.opening.then(() => this.#begin(task));
  }
}

/** The end of a task, awaited by the next step. A bare thenable saves one promise for each task. */
function endOf(task: BackgroundTask): PromiseLike<void> {
  const end = {
    then(goOn: () => void): void {
      if (task.hasEnded) goOn();
      else task.goOn = goOn;
    },
  };
  // `then` alone is enough: `Promise.prototype.then` is its only caller and passes one function
  return end as PromiseLike<void>;
}
