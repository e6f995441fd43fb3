import { quote } from "../check/check.ts";
import { BackgroundTasksClosedError } from "../check/errors.ts";
import { writeError } from "../check/thrown.ts";
import { type TurnListener, waitForTurn } from "../response_end/turn.ts";
import type { ScheduledWork, Scheduler } from "../runner/scheduler.ts";
import { LONGEST_HOOK } from "../runner/watchers.ts";
import { type Clock, unref } from "../task/clock.ts";
import { Deadline } from "../task/deadline.ts";
import type { BackgroundTask } from "../task/task.ts";
import type { EndStatus, TaskResponse, TaskRun } from "../task/task_run.ts";
import { Sequence, type TaskStarter } from "./sequence.ts";

/** The request whose work this is. */
export interface WorkOwner extends TaskStarter {
  /** What executes the tasks. */
  readonly scheduler: Scheduler;
  /** The clock of the tasks. */
  readonly clock: Clock;
  /** The response as far as it is known. */
  readonly response: TaskResponse;
  /**
   * The work was idle, and has something to wait for now.
   *
   * @param first The task that began it; `undefined` where that cannot be refused.
   * @throws {BackgroundTasksClosedError} If the platform refuses the task.
   */
  workBegins(work: Work, first: BackgroundTask | undefined): void;
  /** Nothing is left at all, hooks included. */
  workIsOver(): void;
}

/**
 * The pending work of one request: its tasks in order, how many there are, and when all is over.
 *
 * Invariant: it stands in its scheduler's lines while `isBusy`.
 */
export class Work extends Sequence<WorkOwner>
  implements ScheduledWork, TurnListener {
  previous: ScheduledWork | undefined;
  next: ScheduledWork | undefined;
  place: ScheduledWork["place"];
  /** The source of the latest `waitUntil`, by name; `undefined` until a platform was looked for. */
  keptAliveBy: string | undefined;
  /** The first task that failed where `stopOnError` is set. */
  stoppedBy: BackgroundTask | undefined;
  /** Whether the tasks have been handed to the scheduler, and are not all over. */
  #isDue = false;
  /** Tasks of the sequence that have not ended. */
  #tasks = 0;
  /** Promises that run beside the sequence: `waitUntil()`. */
  #kept = 0;
  /** Tasks that have ended, and whose hooks are being called: they may still add tasks. */
  #ending = 0;
  /** The promises of hooks that are waited for: the key ends the wait, the value is the task. */
  #hooks: Map<() => void, BackgroundTask> | undefined;
  #deadline: Deadline | undefined;
  /** Whether the response is on its way: the tasks hold no place of `maxPending`. */
  #isSending = false;
  /** Whether everything is being stopped. Tasks that a hook adds now are refused. */
  #isStopping = false;
  #resolve: (() => void) | undefined;

  /** Whether there are tasks that wait for the response, or run behind it. */
  get hasTasks(): boolean {
    return this.#tasks > 0;
  }

  /** Whether there is anything to wait for. */
  get isBusy(): boolean {
    return this.#tasks + this.#kept + this.#ending > 0 ||
      this.#hooks !== undefined;
  }

  /** When the platform ends the work, in epoch milliseconds, as far as it is known. */
  get deadline(): number | undefined {
    return this.#deadline?.at;
  }

  /** A promise for `waitUntil`: it covers everything until nothing is left, and never rejects. */
  whenOver(): Promise<void> {
    return new Promise((resolve) => this.#resolve = resolve);
  }

  /**
   * Makes room for tasks of the sequence, all of them or none.
   *
   * @throws {BackgroundTasksClosedError} If the runner was closed, or the platform refuses.
   * @throws {TaskQueueFullError} If the runner would hold more than `maxPending` tasks.
   */
  admit(first: BackgroundTask, count: number): void {
    if (this.#isStopping) {
      const reason = "the tasks of this request are being stopped";
      throw new BackgroundTasksClosedError(first.name, reason);
    }
    const { scheduler } = this.owner;
    const wasBusy = this.isBusy;
    scheduler.admit(first, count);
    this.#count(count);
    if (wasBusy) return;
    scheduler.add(this);
    try {
      this.owner.workBegins(this, first);
    } catch (error) {
      this.#count(-count);
      scheduler.count(-count, 0);
      this.#checkOver();
      throw error;
    }
  }

  /** Counts a promise of `waitUntil()`. It is never refused, because its work has begun. */
  keep(task: BackgroundTask): void {
    const wasBusy = this.isBusy;
    this.unended.add(task);
    this.owner.scheduler.count(1, 0);
    this.#kept++;
    if (!wasBusy) this.#begin();
  }

  /** The platform ends the work at a moment, or so long after the response: it is stopped before. */
  limitTime(at: number | undefined, lifetime = Infinity): void {
    if (this.#deadline === undefined) {
      if (at === undefined && lifetime === Infinity) return;
      this.#deadline = new Deadline(at, lifetime, this.owner.clock);
    }
    this.#deadline.arm((reason) => this.stop("expired", reason));
  }

  /**
   * Whether the tasks wait for a slow client. Until the response has ended they hold no place of
   * `maxPending`; afterwards they do.
   */
  set isSending(isSending: boolean) {
    if (this.#isSending === isSending) return;
    this.#isSending = isSending;
    this.owner.scheduler.sending += isSending ? this.#tasks : -this.#tasks;
  }

  /** The response has ended. */
  responseEnded(): void {
    this.isSending = false;
    // after a 101 the connection stays open, nobody knows for how long: no lifetime counts from it
    if (this.#deadline === undefined || this.owner.response.status === 101) {
      return;
    }
    this.#deadline.responseEnded();
  }

  /** The tasks start as soon as the scheduler lets them, unless they do already. */
  startNow(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.turnHasCome();
  }

  /** The same, in the next turn: a task was added when all others had ended. */
  startLater(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    waitForTurn(1, this);
  }

  turnHasCome(): void {
    if (this.#tasks > 0) this.owner.scheduler.enqueue(this);
    else this.#isDue = false;
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
    for (const [over, task] of [...hooks]) {
      // the hooks of a task that was abandoned, now or before, are no second loss
      if (task.status !== status) stopped.push(task.snapshot());
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
    this.owner.scheduler.taskEnded(
      task.status as EndStatus,
      task.startedAt !== undefined,
    );
  }

  /** The hooks of a task that has ended have been called. */
  hooksCalled(): void {
    this.#ending--;
    if (this.#tasks + this.#ending > 0) return;
    // a work that is due in the next turn has no place at the scheduler yet, and stays due
    if (this.isOpen || this.place !== undefined) {
      this.#isDue = false;
      this.owner.scheduler.dequeue(this);
    }
    this.close(); // also where it was never open: what was cancelled is let go
    this.#checkOver();
  }

  /**
   * Waits for a promise that a hook returned, for `LONGEST_HOOK` at most. A hook holds no place of
   * `concurrency`.
   */
  hold(begun: Promise<void>, task: BackgroundTask): void {
    const wasBusy = this.isBusy;
    const over = (): void => {
      clearTimeout(timer);
      if (!this.#hooks?.delete(over)) return; // it is over already
      if (this.#hooks.size === 0) this.#hooks = undefined;
      this.owner.scheduler.count(0, -1);
      this.#checkOver();
    };
    (this.#hooks ??= new Map()).set(over, task);
    this.owner.scheduler.count(0, 1);
    if (!wasBusy) this.#begin();
    const timer = setTimeout(() => {
      const text = `Background tasks: a hook of task ${
        quote(task.name)
      } is not waited for any more:`;
      writeError(text, `it has not settled after ${LONGEST_HOOK} ms`);
      over();
    }, LONGEST_HOOK);
    unref(timer);
    begun.then(over);
  }

  /** There is something to wait for that nobody can refuse. */
  #begin(): void {
    this.owner.scheduler.add(this);
    this.owner.workBegins(this, undefined);
  }

  #count(tasks: number): void {
    this.#tasks += tasks;
    if (this.#isSending) this.owner.scheduler.sending += tasks;
  }

  #checkOver(): void {
    if (this.isBusy) return;
    this.owner.scheduler.remove(this);
    this.#deadline?.cancel();
    this.owner.workIsOver();
    this.#resolve?.();
    this.#resolve = undefined;
  }
}
