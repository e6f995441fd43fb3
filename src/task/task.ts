import { checkFunction, quote } from "../check/check.ts";
import { defuse } from "../check/user_code.ts";
import type { Clock } from "./clock.ts";
import { definitionOf, type TaskDefinition } from "./definition.ts";
import type { TaskOptions } from "./policy.ts";
import type {
  EndStatus,
  TaskResponse,
  TaskRun,
  TaskStatus,
} from "./task_run.ts";

/** The function of a task; its arguments are checked where it is added. */
export type TaskFunction = (...args: never[]) => unknown;

/** Calls a task inside what observers set up for it, and returns what the call returned. */
export type Surround = (
  task: { snapshot(): TaskRun },
  call: () => unknown,
) => unknown;

/** What a task was added to: the tasks of a request, or a worker. It is told what becomes of the task. */
export interface TaskOwner {
  /** What the task's timers and times are told by. */
  readonly clock: Clock;
  /** Whether anybody is told of a task that succeeded. */
  readonly isWatched: boolean;
  /** When the platform stops the work, in epoch milliseconds. */
  readonly deadline: number | undefined;
  /** The response the task runs after. */
  readonly response: TaskResponse;
  /** Surrounds each attempt; `undefined` where no observer does. */
  readonly surround: Surround | undefined;
  /** The first attempt is about to be called. */
  taskStarts(task: BackgroundTask): void;
  /** An attempt failed, and another one follows. */
  taskRetries(task: BackgroundTask): void;
  /** The task has ended; called once. */
  taskEnded(task: BackgroundTask): void;
}

/** Rarely needed members of a task, created on first use. */
interface TaskDetails {
  id?: string;
  /** The options of this one call. */
  options?: TaskOptions;
  /** The group the task was added with: its step of the sequence. */
  group?: object;
  /** Whether the handler had failed when the task was added: an error handler added it. */
  addedAfterFailure?: boolean;
  /** Whether it had ended before it counted. */
  endedBefore?: boolean;
  /** Whether it is a promise that was handed to `waitUntil()`. */
  isKept?: boolean;
  /** Whether an engine has the task: nobody can take it back. */
  isHandedOver?: boolean;
  attempt?: number;
  endedAt?: number;
  error?: unknown;
  /** Aborts the signal of the running attempt, if anyone asked for it. */
  abort?: ((reason: unknown) => void) | undefined;
  /** Gives up the running attempt, or the wait for the next one. */
  release?: (() => void) | undefined;
}

/**
 * One task: what users hold of it, and all that is known of it. Users see the part that
 * `background_task.ts` describes.
 *
 * Invariant: `status` only moves forward, and `owner.taskEnded` is called exactly once.
 */
export class BackgroundTask {
  status: TaskStatus = "waiting";
  owner: TaskOwner | undefined;
  addedAt = 0;
  startedAt: number | undefined;
  /** The neighbours in the order of the tasks. */
  previous: BackgroundTask | undefined;
  next: BackgroundTask | undefined;
  /** Lets the next step of the sequence go on, once the task has started. */
  goOn: (() => void) | undefined;
  details: TaskDetails | undefined;
  /** Its name and policy, when it was made by `defineTask`. */
  readonly definition: TaskDefinition | undefined;
  // private, so that a console shows neither the function nor the arguments
  #fn: TaskFunction;
  #args: readonly unknown[];

  /** Takes the arguments as the array they came in: users spread them, in `background_task.ts`. */
  constructor(fn: TaskFunction, args: readonly unknown[]) {
    checkFunction(fn);
    for (const arg of args) defuse(arg);
    this.definition = definitionOf(fn);
    this.#fn = fn;
    this.#args = args;
  }

  /** What runs. */
  get fn(): TaskFunction {
    return this.#fn;
  }

  /** What it is called with; of a durable task the copies that its engine gets. */
  get args(): readonly unknown[] {
    return this.#args;
  }

  set args(args: readonly unknown[]) {
    this.#args = args;
  }

  /** A UUID, made when somebody first asks. */
  get id(): string {
    return this.detail.id ??= crypto.randomUUID();
  }

  get name(): string {
    return this.details?.options?.name ?? this.definition?.name ??
      nameOf(this.#fn);
  }

  get state(): TaskStatus {
    return this.status;
  }

  get hasEnded(): boolean {
    return this.status !== "waiting" && this.status !== "running";
  }

  /** The attempt, from 1; 0 while the task waits. */
  get attempt(): number {
    return this.details?.attempt ?? (this.startedAt === undefined ? 0 : 1);
  }

  get error(): unknown {
    return this.details?.error;
  }

  get endedAt(): number | undefined {
    return this.details?.endedAt;
  }

  /** The details, which are made now if there are none. */
  get detail(): TaskDetails {
    return this.details ??= {};
  }

  cancel(reason?: unknown): boolean {
    return this.interrupt(
      "cancelled",
      reason ??
        new DOMException(
          `Task ${quote(this.name)} was cancelled`,
          "AbortError",
        ),
    );
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
    const { owner } = this;
    if (status !== "succeeded") this.detail.error = error;
    else if (this.details !== undefined) this.details.error = undefined;
    // reading the clock costs 50 ns: for a success only where somebody is told of it
    if (status !== "succeeded" || owner?.isWatched) {
      const now = owner?.clock.now() ?? Date.now();
      this.detail.endedAt = Math.max(now, this.startedAt ?? 0); // the clock may have been set back
    }
    owner?.taskEnded(this);
    this.details?.release?.();
    this.goOn?.();
    return true;
  }

  /**
   * Ends the task from outside: one that runs has its signal aborted, and the sequence goes on.
   *
   * @param status Why it was stopped.
   * @param reason The reason of the signal and the observers' `error`.
   * @returns Whether the task was stopped: not where it had ended, or an engine has it.
   */
  interrupt(status: EndStatus, reason: unknown): boolean {
    if (this.details?.isHandedOver || !this.end(status, reason)) return false;
    this.details?.abort?.(reason);
    return true;
  }

  /** Drops what it would run, and with what: a sequence holds a task that never starts for long. */
  letGo(): void {
    this.detail.options = { name: this.name };
    this.#fn = this.letGo;
    this.#args = [];
  }

  /** Copies what others may see. */
  snapshot(): TaskRun {
    const { id, name, attempt, status, addedAt, startedAt, endedAt, error } =
      this;
    return { id, name, attempt, status, addedAt, startedAt, endedAt, error };
  }
}

/** The name of a function. A stand-in, such as the stub of a remote service, may have no name. */
function nameOf(fn: TaskFunction): string {
  try {
    const name: unknown = fn.name;
    return typeof name === "string" && name !== "" ? name : "anonymous";
  } catch {
    return "anonymous";
  }
}
