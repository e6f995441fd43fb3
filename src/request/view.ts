import { checkTaskOptions } from "../task/check_policy.ts";
import { given, type TaskOptions } from "../task/policy.ts";
import type { BackgroundTask, TaskFunction } from "../task/task.ts";

/** The same as `TaskAdder`, in the types of this package. */
export interface Adder {
  addTask(
    fn: TaskFunction | BackgroundTask,
    ...args: readonly unknown[]
  ): BackgroundTask;
  addGroup(...tasks: readonly BackgroundTask[]): void;
  waitUntil(promise: PromiseLike<unknown>): void;
  with(options: TaskOptions): Adder;
}

/** The queue behind a view. */
interface Queue {
  /** See `addTask()`. */
  addOne(
    options: TaskOptions,
    fn: TaskFunction | BackgroundTask,
    args: readonly unknown[],
  ): BackgroundTask;
  /** See `addGroup()`. */
  addAll(options: TaskOptions, tasks: readonly BackgroundTask[]): void;
  /** See `waitUntil()`. */
  keep(options: TaskOptions, promise: unknown): void;
}

/** A view of the tasks that gives what is added through it a policy. */
export class View implements Adder {
  readonly #tasks: Queue;
  readonly #options: TaskOptions;

  constructor(tasks: Queue, options: TaskOptions) {
    this.#tasks = tasks;
    this.#options = options;
  }

  get addTask(): Adder["addTask"] {
    return (fn, ...args) => this.#tasks.addOne(this.#options, fn, args);
  }

  get addGroup(): Adder["addGroup"] {
    return (...tasks) => this.#tasks.addAll(this.#options, tasks);
  }

  get waitUntil(): Adder["waitUntil"] {
    return (promise) => this.#tasks.keep(this.#options, promise);
  }

  with(nearer: TaskOptions): Adder {
    checkTaskOptions(nearer);
    return new View(this.#tasks, { ...this.#options, ...given(nearer) });
  }
}
