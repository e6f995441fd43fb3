/**
 * Background tasks that run after the response, for every web-standard runtime.
 *
 * Choose it when work should not keep a client waiting and may be lost when the process dies: a
 * mail, a log line, a webhook, a temporary file to delete.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { backgroundTasks, type BackgroundTasksEnv } from "@postlude/background-tasks";
 *
 * async function sendEmail(to: string, subject: string): Promise<void> {
 *   await fetch("https://mail.example.com", { method: "POST", body: `${to}: ${subject}` });
 * }
 *
 * const app = new Hono<BackgroundTasksEnv>();
 * app.use(backgroundTasks());
 *
 * app.post("/signup", async (c) => {
 *   const { email } = await c.req.json();
 *   c.var.backgroundTasks.addTask(sendEmail, email, "Welcome!");
 *   return c.json({ status: "ok" });
 * });
 *
 * export default app;
 * ```
 *
 * @module
 */

export {
  BackgroundTasks,
  type RunAfterContext,
  type TaskAdder,
} from "./src/request/background_tasks.ts";
export {
  type DefinedTask,
  defineTask,
  type DurableTaskOptions,
  type InProcessTaskOptions,
  type TaskContext,
  type TaskHandler,
} from "./src/define_task.ts";
export {
  drain,
  type DrainOptions,
  type DrainReport,
} from "./src/runner/drain.ts";
export {
  BackgroundTasksClosedError,
  TaskEnqueueError,
  TaskQueueFullError,
  TaskTimeoutError,
} from "./src/check/errors.ts";
export {
  type BackgroundTasksHandler,
  withBackgroundTasks,
} from "./src/fetch.ts";
export {
  backgroundTasks,
  type BackgroundTasksEnv,
  type BackgroundTasksMiddleware,
  getBackgroundTasks,
  type HonoContext,
} from "./src/hono.ts";
export type { TaskObserver } from "./src/runner/observer.ts";
export {
  consoleObserver,
  type ConsoleObserverOptions,
} from "./src/observers/mod.ts";
export type { BackgroundTasksOptions } from "./src/request/options.ts";
export {
  drainOnShutdown,
  type DrainOnShutdownOptions,
} from "./src/shutdown/drain_on_shutdown.ts";
export type { StoppableServer } from "./src/shutdown/stop_server.ts";
export { enqueue, type EnqueueOptions } from "./src/queues/enqueue.ts";
export type { JsonArguments, JsonOf } from "./src/queues/json.ts";
export type {
  EnqueueContext,
  JsonValue,
  TaskMessage,
  TaskQueue,
  TaskQueueSupport,
  TraceContext,
} from "./src/queues/task_queue.ts";
export {
  BackgroundTask,
  type OverloadArguments,
  task,
} from "./src/task/task.ts";
export type {
  HandlerOutcome,
  ResponseOutcome,
  RetryOptions,
  RunOn,
  TaskOptions,
  TaskPolicy,
  TaskResponse,
} from "./src/task/policy.ts";
export {
  TaskRunner,
  type TaskRunnerOptions,
  type TaskRunnerStats,
} from "./src/runner/task_runner.ts";
export type { TaskRun, TaskStatus } from "./src/task/task_state.ts";
export {
  type ResolvedWaitUntil,
  resolveWaitUntil,
  type WaitUntil,
  type WaitUntilHints,
} from "./src/wait_until/resolve_wait_until.ts";
