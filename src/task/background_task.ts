import { BackgroundTask as Task, type TaskFunction } from "./task.ts";
import type { TaskStatus } from "./task_run.ts";

/**
 * The arguments an overloaded function takes, one tuple per overload. A single signature whose
 * parameters are `unknown` was a generic one, which inference has already judged: it is refused.
 *
 * @typeParam Fn The function.
 */
export type OverloadArguments<Fn> = Fn extends {
  (...args: infer First): unknown;
  (...args: infer Second): unknown;
  (...args: infer Third): unknown;
  (...args: infer Fourth): unknown;
}
  ? ([First, Fourth] extends [Fourth, First]
    ? { [Key in keyof First]: unknown extends First[Key] ? never : First[Key] }
    : First | Second | Third | Fourth)
  : never;

/** One task: a function and what to call it with. `addTask` returns it. */
export interface BackgroundTask {
  /** A UUID of this task. */
  readonly id: string;
  /** The name in errors, logs and observers. */
  readonly name: string;
  /** Where the task is in its life. */
  readonly state: TaskStatus;
  /**
   * Cancels the task. One that waits never starts; one that runs has its `signal` aborted, is not
   * tried again, and the next task goes on. A durable one stays with its engine once its handler
   * has returned.
   *
   * @param reason The reason of the `signal` and the observers' `error`.
   * @returns Whether it was cancelled: not where it had ended, or was handed to its engine.
   */
  cancel(reason?: unknown): boolean;
}

/** Makes tasks that wait to be added. */
export interface BackgroundTaskConstructor {
  /**
   * Creates a task that waits to be added. One of an overloaded function takes the arguments of
   * its last overload; {@linkcode task} takes those of any.
   *
   * @typeParam Args The function's parameters.
   * @param fn What to run. Whatever it returns is awaited.
   * @param args What to call it with.
   * @throws {TypeError} If `fn` is not a function, above all if it is a promise.
   */
  new <Args extends readonly unknown[]>(
    fn: (this: void, ...args: Args) => unknown,
    ...args: Args
  ): BackgroundTask;
  /** What `instanceof` looks for. */
  readonly prototype: BackgroundTask;
}

/**
 * One task: a function and what to call it with.
 *
 * `addTask` makes one and returns it; make one yourself, or with its short form
 * {@linkcode task}, for `addGroup`.
 *
 * @example Cancel a task that is no longer wanted
 * ```ts
 * import { BackgroundTasks } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * const tasks = new BackgroundTasks();
 * const reminder = tasks.addTask((email: string) => console.log(email), "ada@example.com");
 * reminder.cancel("paid in the meantime");
 * assertEquals(reminder.state, "cancelled");
 * ```
 */
export const BackgroundTask: BackgroundTaskConstructor = class BackgroundTask
  extends Task {
  constructor(fn: TaskFunction, ...args: readonly unknown[]) {
    super(fn, args);
  }

  /** What `addTask` returns is a background task as well. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Task;
  }
} as BackgroundTaskConstructor;

/**
 * Makes a task without adding it: the short form of `new BackgroundTask(fn, ...args)`.
 *
 * @example Run several at once, as one step of the sequence
 * ```ts
 * import { BackgroundTasks, task } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * const warmCache = async (key: string) => { await Promise.resolve(key); };
 * const tasks = new BackgroundTasks();
 * tasks.addGroup(task(warmCache, "users"), task(warmCache, "orders"));
 * assertEquals(tasks.size, 2);
 * ```
 *
 * @typeParam Args The function's parameters.
 * @param fn What to run. Whatever it returns is awaited.
 * @param args What to call it with.
 * @returns A task that waits to be added.
 * @throws {TypeError} If `fn` is not a function, above all if it is a promise.
 */
export function task<Args extends readonly unknown[]>(
  fn: (this: void, ...args: Args) => unknown,
  ...args: Args
): BackgroundTask;
/**
 * Makes a task of an overloaded function without adding it.
 *
 * @typeParam Fn The function, with its overloads.
 * @param fn What to run. Whatever it returns is awaited.
 * @param args What to call it with: the parameters of one of its overloads.
 * @returns A task that waits to be added.
 * @throws {TypeError} If `fn` is not a function, above all if it is a promise.
 */
export function task<Fn extends (this: void, ...args: never[]) => unknown>(
  fn: Fn,
  ...args: OverloadArguments<Fn>
): BackgroundTask;
export function task(fn: TaskFunction, ...args: unknown[]): BackgroundTask {
  return new Task(fn, args);
}
