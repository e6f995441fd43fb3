import type { DrainReport } from "../runner/drain_report.ts";
import type {
  BackgroundTask,
  OverloadArguments,
} from "../task/background_task.ts";
import type { TaskOptions } from "../task/policy.ts";
import type { BackgroundTasksOptions } from "./options.ts";
import type { RunAfterContext, RunContext } from "./run_after.ts";
import { BackgroundTasks as OwnTasks } from "./own_tasks.ts";

/** What adds tasks: the queue of a request, or a view of it with a policy. */
export interface TaskAdder {
  /**
   * Adds a task that was made before, by `task(fn, ...args)`, or a function without arguments.
   *
   * A made task runs once: one that was added to these tasks already stays where it is. So what
   * `addTask` returns may be handed on to whatever adds tasks.
   *
   * @param task The task.
   * @returns The same task.
   * @throws {TypeError} If it was added to the tasks of another request.
   * @throws {BackgroundTasksClosedError} If the runner was closed, or the platform keeps nothing alive
   * for this request any more.
   * @throws {TaskQueueFullError} If the runner holds `maxPending` tasks.
   */
  addTask(task: BackgroundTask | ((this: void) => unknown)): BackgroundTask;
  /**
   * Adds a task: `fn(...args)` runs after the response, when the tasks added before have ended.
   *
   * Whatever it returns is awaited. What it throws goes to `onTaskError`, and the next task runs.
   * It sees the `AsyncLocalStorage` stores of this call. A task that is added when everything before
   * it has ended, such as for a message of a WebSocket, starts a turn of the event loop later.
   *
   * @typeParam Args The function's parameters.
   * @param fn What to run: a function, or a task made by `defineTask`.
   * @param args What to call it with.
   * @returns The task: its state, and the way to cancel it.
   * @throws {TypeError} If `fn` is not a function, above all if it is a promise.
   * @throws {BackgroundTasksClosedError} If the runner was closed, or the platform keeps nothing alive
   * for this request any more.
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
   * @throws {BackgroundTasksClosedError} If the runner was closed, or the platform keeps nothing alive
   * for this request any more.
   * @throws {TaskQueueFullError} If the runner holds `maxPending` tasks.
   */
  addTask<Fn extends (this: void, ...args: never[]) => unknown>(
    fn: Fn,
    ...args: OverloadArguments<Fn>
  ): BackgroundTask;
  /**
   * Adds several tasks as one step: they run at once, and the next step waits for all of them.
   *
   * @param tasks The tasks, made by `task(fn, ...args)`.
   * @throws {TypeError} If one is not a task, or was added before.
   * @throws {BackgroundTasksClosedError} If the runner was closed, or the platform keeps nothing alive
   * for this request any more.
   * @throws {TaskQueueFullError} If the runner would hold more than `maxPending` tasks.
   */
  addGroup(...tasks: readonly BackgroundTask[]): void;
  /**
   * Keeps work alive that has begun already: a promise of a library, such as the `pending` of a rate
   * limiter. The platform or the process waits for it, and so does a drain. It waits for no response
   * and for no task. Its rejection is reported as that of a task named `"waitUntil"`, or by the name
   * of `with({ name })`, and cannot end the process.
   *
   * It can be handed to whoever wants a `waitUntil`: like `addTask`, `addGroup` and `fail` it needs no
   * receiver.
   *
   * @example A library that wants a `waitUntil`
   * ```ts
   * import { BackgroundTasks } from "@postlude/background-tasks";
   * import { assertEquals } from "@std/assert";
   *
   * const saved: string[] = [];
   * function cache(key: string, waitUntil: (promise: Promise<unknown>) => void): void {
   *   waitUntil(Promise.resolve().then(() => saved.push(key)));
   * }
   *
   * const tasks = new BackgroundTasks();
   * cache("users", tasks.waitUntil);
   * await tasks.run();
   * assertEquals(saved, ["users"]);
   * ```
   *
   * @throws {TypeError} If it is handed something that is not a promise.
   */
  readonly waitUntil: (promise: PromiseLike<unknown>) => void;
  /**
   * A view of the same tasks that gives what is added through it a policy.
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
  with(options: TaskOptions): TaskAdder;
}

/**
 * The background tasks of one request: they run after its response, one after another, in the
 * order they were added. Iterating over them gives the tasks that wait or run, in that order; durable
 * ones first, because they are handed over before the others run.
 */
export interface BackgroundTasks extends TaskAdder, Iterable<BackgroundTask> {
  /** How many tasks wait or run. */
  readonly size: number;
  /**
   * Says that the handler of the request has failed, where a framework catches errors itself and
   * nobody else would know. From here on it is as if the handler had thrown: tasks that wait for its
   * success are discarded, and tasks that are added now run.
   *
   * What is thrown to steer is no failure, here as there: see the option `isFailure`.
   *
   * @example In the error hook of a framework
   * ```ts
   * import { getBackgroundTasks } from "@postlude/background-tasks";
   *
   * function onError(error: unknown, request: Request): Response {
   *   getBackgroundTasks(request).fail(error);
   *   return new Response("Internal Server Error", { status: 500 });
   * }
   * ```
   *
   * @param error What was thrown.
   */
  fail(error: unknown): void;
  /**
   * Runs the tasks after a response. Call it once, with what the handler returns. Until then nothing
   * of these tasks counts: where the handler throws before, they are simply gone.
   *
   * @param response The response to return.
   * @param context What is known of the request.
   * @returns The response to return instead. It is the same object wherever the runtime can tell
   * when it has ended, and always where no task was added.
   * @throws {TypeError} If the response is none, an option is of the wrong kind, or the tasks run
   * after another response already.
   * @throws {TaskQueueFullError} If the runner would hold more than `maxPending` tasks.
   * @throws {BackgroundTasksClosedError} If the runner was closed.
   */
  runAfter(response: Response, context?: RunAfterContext): Response;
  /**
   * Runs the tasks where there is no response to wait for: a cron job, a queue's or an email's
   * handler, an alarm, a step of a workflow, a script.
   *
   * @example A cron job
   * ```ts
   * import { BackgroundTasks } from "@postlude/background-tasks";
   * import { assertEquals } from "@std/assert";
   *
   * const cleaned: string[] = [];
   * async function scheduled(): Promise<void> {
   *   const tasks = new BackgroundTasks();
   *   tasks.addTask((table: string) => { cleaned.push(table); }, "sessions");
   *   const { failed } = await tasks.run();
   *   if (failed > 0) throw new Error("the job failed");
   * }
   *
   * await scheduled();
   * assertEquals(cleaned, ["sessions"]);
   * ```
   *
   * @param context What keeps the platform alive meanwhile; not needed where the caller awaits.
   * @returns What became of the tasks, once all have ended, those included that were added meanwhile.
   * Failures are counted, and go to `onTaskError`: they reject nothing.
   * @throws {TypeError} If an option is of the wrong kind, or the tasks belong to a request.
   * @throws {TaskQueueFullError} If the runner would hold more than `maxPending` tasks.
   * @throws {BackgroundTasksClosedError} If the runner was closed.
   */
  run(context?: RunContext): Promise<DrainReport>;
}

/** Makes the background tasks of a request that no front door handles. */
export interface BackgroundTasksConstructor {
  /**
   * Creates the tasks of one request.
   *
   * @param options Their defaults and hooks.
   * @throws {TypeError} If an option is unknown or of the wrong kind.
   * @throws {RangeError} If an option is out of range.
   */
  new (options?: BackgroundTasksOptions): BackgroundTasks;
  /** What `instanceof` looks for. */
  readonly prototype: BackgroundTasks;
}

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
export const BackgroundTasks: BackgroundTasksConstructor = OwnTasks;
