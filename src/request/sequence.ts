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
export class Sequence<Owner extends TaskStarter = TaskStarter> {
  /** The tasks that have not ended, in order; promises of `waitUntil()` stand among them. */
  readonly unended: Line<BackgroundTask> = new Line();
  protected isOpen = false;
  /** What the tasks belong to. */
  protected readonly owner: Owner;
  /** What the first step waits for; `undefined` before a task is added, and after `close()`. */
  #gate: Gate | undefined;
  /** The end of the last step, which the next one waits for; `undefined` where `#last` tells it. */
  #tail: Promise<unknown> | undefined;
  /** The task of the last step, where that is no group. */
  #last: BackgroundTask | undefined;

  constructor(owner: Owner) {
    this.owner = owner;
  }

  /** Adds a task as the next step. */
  add(task: BackgroundTask): void {
    this.#tail = this.#append(task, this.#before());
    this.#last = task;
  }

  /** Adds several tasks as one step: they run at once. */
  addGroup(tasks: readonly BackgroundTask[]): void {
    if (tasks.length === 0) return; // all of them were cancelled before
    const before = this.#before();
    this.#tail = Promise.all(tasks.map((task) => {
      task.detail.group = tasks;
      return this.#append(task, before);
    }));
    this.#last = undefined;
  }

  /** Lets the first step start. */
  protected open(): void {
    this.isOpen = true;
    this.#gate?.open();
  }

  /** Every task has ended: a task that is added later waits for the next `open()`. */
  protected close(): void {
    this.isOpen = false;
    this.#gate = this.#tail = this.#last = undefined;
  }

  /** Resolves once the task has ended; for the last one, whose end nobody waits for, once it has begun. */
  #append(task: BackgroundTask, before: Promise<unknown>): Promise<void> {
    this.unended.add(task);
    return before.then(() => this.#begin(task));
  }

  /** What the next step waits for: the end of the last one. */
  #before(): Promise<unknown> {
    if (this.#tail !== undefined) return this.#tail;
    if (this.#last !== undefined) return Promise.resolve(endOf(this.#last));
    this.#gate = thisTurn().gate;
    return this.#gate.opening;
  }

  #begin(task: BackgroundTask): Promise<void> | undefined {
    if (!this.isOpen && !task.hasEnded) return this.#waitForOpening(task);
    const held = this.owner.start(task);
    if (held !== undefined) return held.then(() => endOf(task));
    if (task !== this.#last) return endOf(task);
    // nothing waits for its end yet: a promise for it is made when somebody does
    this.#tail = undefined;
  }

  /** Waits on: the shared gate has opened for other requests, and this one may not start yet. */
  #waitForOpening(task: BackgroundTask): Promise<void> {
    if (this.#gate?.isOpen !== false) this.#gate = new Gate();
    return this.#gate.opening.then(() => this.#begin(task));
  }
}

/** The end of a task; `undefined` where it has ended. */
function endOf(task: BackgroundTask): Promise<void> | undefined {
  if (!task.hasEnded) return new Promise((resolve) => task.goOn = resolve);
}
