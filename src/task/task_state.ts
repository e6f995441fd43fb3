import type { TaskDefinition } from "../define_task.ts";
import type { RequestRecord } from "../request/request_record.ts";
import type { BackgroundTask } from "./task.ts";
import type { TaskOptions } from "./policy.ts";

/** Where a task is in its life: waiting, running, or ended in exactly one of seven ways. */
export type TaskStatus =
  | "waiting"
  | "running"
  | "succeeded"
  | "failed"
  | "timed-out"
  | "cancelled"
  | "discarded"
  | "expired"
  | "abandoned";

/** A status a task can end in. */
export type EndStatus = Exclude<TaskStatus, "waiting" | "running">;

/** What observers, error hooks and drain reports see of a task: a snapshot, never its arguments. */
export interface TaskRun {
  /** A UUID of this task. */
  readonly id: string;
  /** The name: of `defineTask`, of `with({ name })`, else the function's own, else `"anonymous"`. */
  readonly name: string;
  /** The attempt, from 1; 0 while the task waits. */
  readonly attempt: number;
  /** Where the task is in its life. */
  readonly status: TaskStatus;
  /** When the task was added, in epoch milliseconds. */
  readonly addedAt: number;
  /** When the first attempt started, in epoch milliseconds. */
  readonly startedAt: number | undefined;
  /** When the task ended, in epoch milliseconds. */
  readonly endedAt: number | undefined;
  /** What the latest attempt threw, or why the task did not run. */
  readonly error: unknown;
}

/** Who is told what becomes of a task: what it was added to, a sequence or an outbox. */
export interface TaskOwner {
  /** What watchers may know of the request, where there are any. */
  readonly record?: RequestRecord | undefined;
  /** Milliseconds since the epoch, by the runner's clock. */
  now(): number;
  /** Whether anybody is told what becomes of its tasks. */
  readonly isWatched: boolean;
  /** Whether it has given its tasks away: nobody can take them back. */
  readonly closed?: boolean;
  /** The task has ended; called once. */
  taskEnded(state: TaskState): void;
}

/** The function of a task; its arguments are checked where it is added. */
export type TaskFunction = (...args: never[]) => unknown;

/**
 * Everything known about one task. `BackgroundTask` is the part of it that users see.
 *
 * Invariant: `status` only moves forward, and `owner.taskEnded` is called exactly once.
 */
export class TaskState {
  /** The part of it that users see; set by that part. */
  task!: BackgroundTask;
  /** What runs. */
  readonly fn: TaskFunction;
  /** What it is called with; of a durable task the copies that its engine gets. */
  args: readonly unknown[];
  /** Its name and policy, when it was made by `defineTask`. */
  readonly definition: TaskDefinition | undefined;
  /** The options of this one call. */
  options: TaskOptions | undefined = undefined;
  /** What the task was added to. */
  owner: TaskOwner | undefined = undefined;
  /** Its step in a sequence, from 1: the tasks of a group share one. */
  step = 0;
  /** The task behind it in a sequence. */
  next: TaskState | undefined = undefined;
  /** Whether an error handler added it, after the handler had failed. */
  addedAfterFailure = false;
  status: TaskStatus = "waiting";
  attempt = 0;
  addedAt = 0;
  startedAt: number | undefined = undefined;
  endedAt: number | undefined = undefined;
  error: unknown = undefined;
  /** Aborts the signal of the running attempt, if anyone asked for it. */
  abort: ((reason: unknown) => void) | undefined = undefined;
  /** Gives up the running attempt, or the wait for the next one. */
  release: (() => void) | undefined = undefined;
  /** Lets the next step of a sequence go on, whether or not the task's function ever settles. */
  goOn: (() => void) | undefined = undefined;
  #id: string | undefined = undefined;

  constructor(
    fn: TaskFunction,
    args: readonly unknown[],
    definition: TaskDefinition | undefined,
  ) {
    this.fn = fn;
    this.args = args;
    this.definition = definition;
  }

  /** A UUID, made when somebody first asks. */
  get id(): string {
    return this.#id ??= crypto.randomUUID();
  }

  get name(): string {
    return this.options?.name ?? this.definition?.name ?? nameOf(this.fn);
  }

  get hasEnded(): boolean {
    return this.status !== "waiting" && this.status !== "running";
  }

  /**
   * Ends the task. Whatever comes later, a late rejection or a second cancel, changes nothing.
   *
   * @param status What became of it.
   * @param error What it threw, or why it did not run.
   * @returns Whether the task had not ended before.
   */
  end(status: EndStatus, error?: unknown): boolean {
    if (this.hasEnded) return false;
    this.status = status;
    this.error = error;
    if (this.owner !== undefined) {
      // nobody asks when a task succeeded that nobody watches, and a clock costs 50 ns
      if (status !== "succeeded" || this.owner.isWatched) {
        this.endedAt = this.owner.now();
      }
      this.owner.taskEnded(this);
    }
    this.release?.();
    this.goOn?.();
    return true;
  }

  /** It has an owner, which has told who watches: one that was cancelled before that ends now. */
  added(): void {
    if (this.endedAt !== undefined || !this.hasEnded) return;
    this.endedAt = this.addedAt;
    this.owner!.taskEnded(this);
  }

  /**
   * Ends the task from outside: one that runs has its signal aborted, and the sequence goes on.
   *
   * @param status Why it was stopped.
   * @param reason The reason of the signal and the observers' `error`.
   * @returns Whether the task had not ended before.
   */
  interrupt(status: EndStatus, reason: unknown): boolean {
    if (this.owner?.closed || !this.end(status, reason)) return false;
    this.abort?.(reason);
    return true;
  }

  /** Copies what others may see. */
  snapshot(): TaskRun {
    return {
      id: this.id,
      name: this.name,
      attempt: this.attempt,
      status: this.status,
      addedAt: this.addedAt,
      startedAt: this.startedAt,
      endedAt: this.endedAt,
      error: this.error,
    };
  }
}

/** The name of a function. What stands for one, such as a stub of a remote service, may have none. */
function nameOf(fn: TaskFunction): string {
  try {
    const name: unknown = fn.name;
    return typeof name === "string" && name !== "" ? name : "anonymous";
  } catch {
    return "anonymous";
  }
}
