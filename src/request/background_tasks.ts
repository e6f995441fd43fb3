import { checkKeys, describeValue } from "../check/check.ts";
import {
  type BackgroundTasksOptions,
  type CheckedOptions,
  checkOptions,
} from "./options.ts";
import type { WaitUntil } from "../wait_until/wait_until_source.ts";
import { RequestTasks } from "./request_tasks.ts";
import { stepOf } from "./step.ts";
import {
  BackgroundTask,
  newTask,
  type OverloadArguments,
  stateOf,
} from "../task/task.ts";
import { checkTaskOptions, type TaskOptions } from "../task/policy.ts";
import type { TaskFunction, TaskState } from "../task/task_state.ts";

/** What adds tasks to a request: the queue itself, or a view of it with a policy. */
export interface TaskAdder {
  /** See {@linkcode BackgroundTasks.addTask}. */
  addTask(task: BackgroundTask | ((this: void) => unknown)): BackgroundTask;
  /** See {@linkcode BackgroundTasks.addTask}. */
  addTask<Args extends readonly unknown[]>(
    fn: (this: void, ...args: Args) => unknown,
    ...args: Args
  ): BackgroundTask;
  /** See {@linkcode BackgroundTasks.addTask}. */
  addTask<Fn extends (this: void, ...args: never[]) => unknown>(
    fn: Fn,
    ...args: OverloadArguments<Fn>
  ): BackgroundTask;
  /** See {@linkcode BackgroundTasks.addGroup}. */
  addGroup(...tasks: readonly BackgroundTask[]): void;
  /** See {@linkcode BackgroundTasks.with}. */
  with(options: TaskOptions): TaskAdder;
}

/** What `runAfter` wants to know of the request. */
export interface RunAfterContext {
  /** The request the response answers. */
  readonly request?: Request;
  /**
   * Keeps the platform alive until the tasks have ended: `(promise) => ctx.waitUntil(promise)`.
   *
   * @default {undefined} (the runner of the process keeps the work)
   */
  readonly waitUntil?: WaitUntil;
  /**
   * What the runtime handed to the fetch handler beside the request: Deno's info, Bun's server,
   * Workers' env, Node's `{ incoming, outgoing }`.
   */
  readonly platform?: unknown;
}

/** What users hold of the tasks of a request, for a front door. */
export let backgroundTasksOf: (tasks: RequestTasks) => BackgroundTasks;

/** What is behind what users hold, for a front door. */
export let requestTasksOf: (tasks: BackgroundTasks) => RequestTasks;

const KEYS = ["request", "waitUntil", "platform"];

const DEFAULT_OPTIONS: CheckedOptions = checkOptions({});

/**
 * The background tasks of one request: they run after its response, one after another, in the
 * order they were added.
 *
 * The middleware and the wrapper make one for each request. Make one yourself where there is
 * neither, and call {@linkcode BackgroundTasks.runAfter}.
 *
 * @example Run a task after a response
 * ```ts
 * import { BackgroundTasks, drain } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: string[] = [];
 * async function sendEmail(to: string, subject: string): Promise<void> {
 *   await Promise.resolve();
 *   sent.push(`${subject} -> ${to}`);
 * }
 *
 * function handler(request: Request): Response {
 *   const tasks = new BackgroundTasks();
 *   tasks.addTask(sendEmail, "ada@example.com", "Welcome!");
 *   return tasks.runAfter(new Response("ok"), { request });
 * }
 *
 * const response = handler(new Request("https://example.com/signup"));
 * assertEquals(await response.text(), "ok");
 * await drain();
 * assertEquals(sent, ["Welcome! -> ada@example.com"]);
 * ```
 */
export class BackgroundTasks implements TaskAdder, Iterable<BackgroundTask> {
  readonly #tasks: RequestTasks;

  static {
    backgroundTasksOf = (tasks) => new BackgroundTasks(tasks as never);
    requestTasksOf = (face) => face.#tasks;
  }

  /**
   * Creates the tasks of one request.
   *
   * @param options Their defaults and hooks.
   * @throws {TypeError} If an option is unknown or of the wrong kind.
   * @throws {RangeError} If an option is out of range.
   */
  constructor(options?: BackgroundTasksOptions) {
    if (options instanceof RequestTasks) {
      this.#tasks = options; // a front door has made them
      return;
    }
    const checked = options === undefined
      ? DEFAULT_OPTIONS
      : checkOptions(options);
    this.#tasks = new RequestTasks(checked, undefined);
  }

  /** How many tasks wait or run. */
  get size(): number {
    return this.#tasks.size;
  }

  /**
   * The tasks that wait or run, in the order they were added; durable ones first, because they are
   * handed over before the others run.
   */
  [Symbol.iterator](): Iterator<BackgroundTask> {
    return this.#tasks.tasks().values();
  }

  /**
   * Adds a task that was made before, by `task(fn, ...args)`, or a function without arguments.
   *
   * A made task runs once: one that was added to these tasks already stays where it is. So what
   * `addTask` returns may be handed on to whatever adds tasks.
   *
   * @param task The task.
   * @returns The same task.
   * @throws {TypeError} If it was added to the tasks of another request.
   * @throws {BackgroundTasksClosedError} If the tasks of the request have finished.
   * @throws {TaskQueueFullError} If the runner holds `maxPending` tasks.
   */
  addTask(task: BackgroundTask | ((this: void) => unknown)): BackgroundTask;
  /**
   * Adds a task: `fn(...args)` runs after the response, when the tasks added before have ended.
   *
   * Whatever it returns is awaited. What it throws goes to `onTaskError`, and the next task runs.
   * It sees the `AsyncLocalStorage` stores of this call.
   *
   * @typeParam Args The function's parameters.
   * @param fn What to run: a function, or a task made by `defineTask`.
   * @param args What to call it with.
   * @returns The task: its state, and the way to cancel it.
   * @throws {TypeError} If `fn` is not a function, above all if it is a promise.
   * @throws {BackgroundTasksClosedError} If the tasks of the request have finished.
   * @throws {TaskQueueFullError} If the runner holds `maxPending` tasks.
   */
  addTask<Args extends readonly unknown[]>(
    fn: (this: void, ...args: Args) => unknown,
    ...args: Args
  ): BackgroundTask;
  /**
   * Adds a task of an overloaded function.
   *
   * @typeParam Fn The function, with its overloads.
   * @param fn What to run.
   * @param args What to call it with: the parameters of one of its overloads.
   * @returns The task: its state, and the way to cancel it.
   * @throws {TypeError} If `fn` is not a function, above all if it is a promise.
   * @throws {BackgroundTasksClosedError} If the tasks of the request have finished.
   * @throws {TaskQueueFullError} If the runner holds `maxPending` tasks.
   */
  addTask<Fn extends (this: void, ...args: never[]) => unknown>(
    fn: Fn,
    ...args: OverloadArguments<Fn>
  ): BackgroundTask;
  addTask(
    fn: TaskFunction | BackgroundTask,
    ...args: unknown[]
  ): BackgroundTask {
    const state = stateToAdd(fn, args);
    if (!this.#tasks.has(state)) this.#tasks.add(state, undefined);
    return state.task;
  }

  /**
   * Adds several tasks as one step: they run at once, and the next step waits for all of them.
   *
   * @param tasks The tasks, made by `task(fn, ...args)`.
   * @throws {TypeError} If one is not a task, or was added before.
   * @throws {BackgroundTasksClosedError} If the tasks of the request have finished.
   * @throws {TaskQueueFullError} If the runner would hold more than `maxPending` tasks.
   */
  addGroup(...tasks: readonly BackgroundTask[]): void {
    this.#tasks.addGroup(stepOf(tasks), undefined);
  }

  /**
   * A view of these tasks that gives what is added through it a policy.
   *
   * @example A task that runs whatever the handler did
   * ```ts
   * import { BackgroundTasks } from "@postlude/background-tasks";
   *
   * const audit = (userId: string, action: string) => console.log(userId, action);
   * const tasks = new BackgroundTasks();
   * tasks.with({ runOn: "always", timeout: 1_000 }).addTask(audit, "42", "login-failed");
   * ```
   *
   * @param options The policy. It wins over `defineTask` and the middleware, option by option.
   * @returns The view.
   * @throws {TypeError} If an option is unknown or of the wrong kind.
   * @throws {RangeError} If an option is out of range.
   */
  with(options: TaskOptions): TaskAdder {
    return adderWith(this.#tasks, {}).with(options);
  }

  /**
   * Runs the tasks after a response. Call it once, with what the handler returns. Where the handler
   * throws before, nobody ends its tasks: cancel them, or let `withBackgroundTasks` do it.
   *
   * @param response The response to return.
   * @param context What is known of the request.
   * @returns The response to return instead. It is the same object wherever the runtime can tell
   * when it has ended, and always where no task was added.
   * @throws {TypeError} If the response is none, an option is of the wrong kind, or the tasks run
   * after another response already.
   */
  runAfter(response: Response, context?: RunAfterContext): Response {
    if (typeof response?.status !== "number") {
      throw new TypeError(
        `Cannot run tasks after ${
          describeValue(response)
        }: write runAfter(response, { request })`,
      );
    }
    if (context !== undefined) checkKeys("runAfter option", context, KEYS);
    const { request, waitUntil, platform } = context ?? {};
    this.#tasks.attach({
      request,
      platform,
      executionContext: undefined,
      failure: undefined,
    }, waitUntil);
    return this.#tasks.settle(response) ?? response;
  }
}

/** The task to add: one made now, or the one that was made before. */
function stateToAdd(
  fn: TaskFunction | BackgroundTask,
  args: readonly unknown[],
): TaskState {
  if (!(fn instanceof BackgroundTask)) return newTask(fn, args);
  if (args.length === 0) return stateOf(fn);
  throw new TypeError(
    `Cannot add task "${fn.name}" with arguments: it has its own; write addTask(fn, ...args)`,
  );
}

/** Adds to the tasks of a request with a policy of its own. */
function adderWith(tasks: RequestTasks, options: TaskOptions): TaskAdder {
  return {
    addTask(
      fn: TaskFunction | BackgroundTask,
      ...args: unknown[]
    ): BackgroundTask {
      const state = stateToAdd(fn, args);
      tasks.add(state, options);
      return state.task;
    },
    addGroup: (...group) => tasks.addGroup(stepOf(group), options),
    with(nearer) {
      checkTaskOptions(nearer);
      return adderWith(tasks, { ...options, ...given(nearer) });
    },
  };
}

/** The options that are not `undefined`, which leaves those further out alone. */
function given(options: TaskOptions): TaskOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
}
