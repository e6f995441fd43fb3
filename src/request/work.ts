import { quote } from "../check/check.ts";
import { BackgroundTasksClosedError } from "../check/errors.ts";
import { writeError } from "../check/thrown.ts";
import type { TurnListener } from "../response_end/turn.ts";
import type { ScheduledWork, Scheduler } from "../runner/scheduler.ts";
import { unref } from "../task/clock.ts";
import type { BackgroundTask } from "../task/task.ts";
import type { EndStatus, TaskRun } from "../task/task_run.ts";
import { Sequence, type TaskStarter } from "./sequence.ts";

/** The longest wait for a promise that a hook returned, in milliseconds. */
const LONGEST_HOOK = 30_000;

/** The request whose work this is. */
export interface WorkOwner extends TaskStarter {
  /** What executes the tasks. */
  readonly scheduler: Scheduler;
  /** Nothing is left at all, hooks included. */
  workIsOver(): void;
}

/** What a hook has begun, for a task. */
interface PendingHook {
  readonly task: BackgroundTask;
  readonly over: () => void;
}

/**
 * The pending work of one request: its tasks in order, how many there are, and when all is over.
 *
 * Invariant: it stands in its scheduler's lines while `isBusy`.
 */
export class Work extends Sequence implements ScheduledWork, TurnListener {
  previous: ScheduledWork | undefined = undefined;
  next: ScheduledWork | undefined = undefined;
  isWaiting = false;
  order = 0;
  /** Whether the tasks have been handed to the scheduler, and are not all over. */
  isDue = false;
  readonly #owner: WorkOwner;
  /** Tasks of the sequence that have not ended. */
  #tasks = 0;
  /** Promises that run beside the sequence: `waitUntil()`. */
  #kept = 0;
  /** Tasks that have ended, and whose hooks are being called: they may still add tasks. */
  #ending = 0;
  #hooks: Set<PendingHook> | undefined = undefined;
  /** Whether the response is on its way: the tasks hold no place of `maxPending`. */
  #isSending = false;
  /** Whether everything is being stopped. Tasks that a hook adds now are refused. */
  #isStopping = false;
  #resolve: (() => void) | undefined = undefined;

  constructor(owner: WorkOwner) {
    super(owner);
    this.#owner = owner;
  }

  get #scheduler(): Scheduler {
    return this.#owner.scheduler;
  }

  /** Whether there are tasks that wait for the response, or run behind it. */
  get hasTasks(): boolean {
    return this.#tasks > 0;
  }

  /** Whether there is anything to wait for. */
  get isBusy(): boolean {
    return this.#tasks + this.#kept + this.#ending > 0 ||
      this.#hooks !== undefined;
  }

  /** A promise for `waitUntil`: it covers everything until nothing is left, and never rejects. */
  whenOver(): Promise<void> {
    return new Promise((resolve) => this.#resolve = resolve);
  }

  /**
   * Makes room for tasks of the sequence.
   *
   * @throws {BackgroundTasksClosedError} If the runner was closed.
   * @throws {TaskQueueFullError} If the runner would hold more than `maxPending` tasks.
   */
  admit(first: BackgroundTask, count: number): void {
    if (this.#isStopping) {
      const reason = "the tasks of this request are being stopped";
      throw new BackgroundTasksClosedError(first.name, reason);
    }
    this.#scheduler.admit(first, count);
    this.#scheduler.add(this);
    this.#count(count);
  }

  /** Counts a promise of `waitUntil()`. It is never refused, because its work has begun. */
  keep(task: BackgroundTask): void {
    this.unended.add(task);
    this.#scheduler.count(1, 0);
    this.#scheduler.add(this);
    this.#kept++;
  }

  /** Undoes `admit()` for tasks that could not be added after all. */
  withdraw(count: number): void {
    this.#count(-count);
    this.#scheduler.count(-count, 0);
    this.#checkOver();
  }

  /**
   * Whether the tasks wait for a slow client. Until the response has ended they hold no place of
   * `maxPending`; afterwards they do.
   */
  set isSending(isSending: boolean) {
    if (this.#isSending === isSending) return;
    this.#isSending = isSending;
    this.#scheduler.sending += isSending ? this.#tasks : -this.#tasks;
  }

  /** The tasks start as soon as the scheduler lets them. */
  turnHasCome(): void {
    if (this.#tasks > 0) this.#scheduler.enqueue(this);
    else this.isDue = false;
  }

  start(): void {
    this.open();
  }

  stop(status: EndStatus, reason: unknown): TaskRun[] {
    this.#ending++;
    this.#isStopping = true;
    const stopped = this.unended.all()
      .filter((task) => task.interrupt(status, reason))
      .map((task) => task.snapshot());
    const hooks = status === "abandoned" ? this.#hooks ?? [] : [];
    for (const { over, task } of [...hooks]) {
      stopped.push(task.snapshot());
      over();
    }
    this.#isStopping = false;
    this.hooksCalled();
    return stopped;
  }

  /** A task has ended; its hooks are called next. */
  taskEnds(task: BackgroundTask): void {
    this.unended.delete(task);
    if (task.details?.isKept) this.#kept--;
    else this.#count(-1);
    this.#ending++;
    this.#scheduler.taskEnded(
      task.status as EndStatus,
      task.startedAt !== undefined,
    );
  }

  /** The hooks of a task that has ended have been called. */
  hooksCalled(): void {
    this.#ending--;
    if (this.#tasks + this.#ending > 0) return;
    if (this.isDue) this.#leaveScheduler();
    this.#checkOver();
  }

  /**
   * Waits for a promise that a hook returned, for `LONGEST_HOOK` at most. A hook holds no place of
   * `concurrency`.
   */
  hold(begun: Promise<void>, task: BackgroundTask): void {
    const hook: PendingHook = { task, over: () => this.#hookIsOver(hook) };
    (this.#hooks ??= new Set()).add(hook);
    this.#scheduler.count(0, 1);
    const timer = setTimeout(() => {
      const text = `Background tasks: a hook of task ${
        quote(task.name)
      } is not waited for any more:`;
      writeError(text, `it has not settled after ${LONGEST_HOOK} ms`);
      hook.over();
    }, LONGEST_HOOK);
    unref(timer);
    begun.then(() => {
      clearTimeout(timer);
      hook.over();
    });
  }

  #count(tasks: number): void {
    this.#tasks += tasks;
    if (this.#isSending) this.#scheduler.sending += tasks;
  }

  #hookIsOver(hook: PendingHook): void {
    if (!this.#hooks?.delete(hook)) return; // it is over already
    if (this.#hooks.size === 0) this.#hooks = undefined;
    this.#scheduler.count(0, -1);
    this.#checkOver();
  }

  /** Gives back the place of `concurrency`, or leaves the line of works that wait for one. */
  #leaveScheduler(): void {
    this.isDue = false;
    this.#scheduler.remove(this);
    if (this.isOpen) {
      this.close();
      this.#scheduler.release();
    }
    if (this.isBusy) this.#scheduler.add(this);
  }

  #checkOver(): void {
    if (this.isBusy) return;
    this.#scheduler.remove(this);
    this.#owner.workIsOver();
    this.#resolve?.();
    this.#resolve = undefined;
  }
}
