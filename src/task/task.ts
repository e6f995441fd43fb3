import { checkFunction } from "../check/check.ts";
import { definitionOf } from "../define_task.ts";
import { type TaskFunction, TaskState, type TaskStatus } from "./task_state.ts";

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

/** The state behind a task that a user holds, for the files of this package. */
export let stateOf: (task: BackgroundTask) => TaskState;
let faceOfState: (state: TaskState) => BackgroundTask;

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
 *
 * @typeParam Args The function's parameters.
 */
export class BackgroundTask<
  Args extends readonly unknown[] = readonly unknown[],
> {
  readonly #state: TaskState;

  static {
    stateOf = (task) => task.#state;
    faceOfState = (state) => new BackgroundTask(state as never);
  }

  /**
   * Creates a task that waits to be added. One of an overloaded function takes the arguments of
   * its last overload; {@linkcode task} takes those of any.
   *
   * @param fn What to run. Whatever it returns is awaited.
   * @param args What to call it with.
   * @throws {TypeError} If `fn` is not a function, above all if it is a promise.
   */
  constructor(fn: (this: void, ...args: Args) => unknown, ...args: Args) {
    this.#state = fn instanceof TaskState ? fn : newState(fn, args);
    this.#state.task = this;
  }

  /** A UUID of this task. */
  get id(): string {
    return this.#state.id;
  }

  /** The name in errors, logs and observers. */
  get name(): string {
    return this.#state.name;
  }

  /** Where the task is in its life. */
  get state(): TaskStatus {
    return this.#state.status;
  }

  /**
   * Cancels the task. One that waits never starts; one that runs has its `signal` aborted, is not
   * tried again, and the next task goes on. A durable one stays with its engine once its handler
   * has returned.
   *
   * @param reason The reason of the `signal` and the observers' `error`.
   * @returns Whether it was cancelled: not where it had ended, or was handed to its engine.
   */
  cancel(reason?: unknown): boolean {
    return this.#state.interrupt(
      "cancelled",
      reason ??
        new DOMException(`Task "${this.name}" was cancelled`, "AbortError"),
    );
  }
}

function newState(fn: TaskFunction, args: readonly unknown[]): TaskState {
  checkFunction(fn);
  return new TaskState(fn, args, definitionOf(fn));
}

/**
 * Makes a task for the files of this package, which have its arguments in an array already.
 *
 * @param fn What to run.
 * @param args What to call it with.
 * @returns Its state.
 * @throws {TypeError} If `fn` is not a function, above all if it is a promise.
 */
export function newTask(fn: TaskFunction, args: readonly unknown[]): TaskState {
  const state = newState(fn, args);
  faceOfState(state);
  return state;
}

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
  return new BackgroundTask(fn, ...args as never[]);
}
