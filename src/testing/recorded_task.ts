import { formatCall } from "../check/format.ts";
import type { BackgroundTask, TaskFunction } from "../task/task.ts";
import type { TaskStatus } from "../task/task_run.ts";
import { snapshot } from "./snapshot.ts";

/**
 * A moment of a request: while its handler ran, while its body was being read, or after the whole
 * response had been read.
 */
export type TaskMoment =
  | "before the response"
  | "during the body"
  | "after the response";

/** What a test sees of a task: it changes while the task goes on. */
export interface RecordedTask {
  /** A UUID of the task. */
  readonly id: string;
  /** The name: of `defineTask`, of `with({ name })`, else the function's own, else `"anonymous"`. */
  readonly name: string;
  /** The function, or the defined task, that was added. */
  readonly fn: (...args: never[]) => unknown;
  /**
   * What it was added with: copies of plain data as it was then, whatever the task did to it later.
   * An instance of a class is the same object.
   */
  readonly args: readonly unknown[];
  /** Where the task is in its life. */
  readonly status: TaskStatus;
  /** How many attempts were started. */
  readonly attempts: number;
  /** What the latest attempt threw, or why the task did not run. */
  readonly error: unknown;
  /** When the task was added, relative to the response of its request. */
  readonly added: TaskMoment;
  /** When its first attempt started; `undefined` where none did. */
  readonly started: TaskMoment | undefined;
  /** When it ended; `undefined` while it waits or runs. */
  readonly ended: TaskMoment | undefined;
  /** The task as it would be called: `sendEmail("ada@example.com")`. */
  toString(): string;
}

/** A recorded task: it reads the state of the task itself, so it is always up to date. */
export class Recording implements RecordedTask {
  readonly args: readonly unknown[];
  readonly fn: TaskFunction;
  /** A copy of its arguments, to be shown in messages: instances of classes are as they were then. */
  readonly shownArgs: readonly unknown[];
  readonly added: TaskMoment;
  started: TaskMoment | undefined = undefined;
  ended: TaskMoment | undefined = undefined;
  readonly #task: BackgroundTask;

  constructor(task: BackgroundTask, added: TaskMoment) {
    this.#task = task;
    this.args = snapshot(task.args, "kept");
    this.fn = task.fn;
    this.shownArgs = snapshot(task.args, "copied");
    this.added = added;
  }

  get id(): string {
    return this.#task.id;
  }

  get name(): string {
    return this.#task.name;
  }

  get status(): TaskStatus {
    return this.#task.status;
  }

  get attempts(): number {
    return this.#task.attempt;
  }

  get error(): unknown {
    return this.#task.error;
  }

  toString(): string {
    return formatCall(this.name, this.shownArgs);
  }
}

/**
 * What a task was added with, as it is compared and printed.
 *
 * @param task The task.
 * @returns Its arguments as they were then.
 */
export function argumentsOf(task: RecordedTask): readonly unknown[] {
  return task instanceof Recording ? task.shownArgs : task.args;
}
