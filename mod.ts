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
  BackgroundTasksClosedError,
  TaskEnqueueError,
  TaskQueueFullError,
  TaskTimeoutError,
} from "./src/check/errors.ts";
export {
  defineTask,
  type DurableTaskOptions,
  type InProcessTaskOptions,
} from "./src/define_task.ts";
export {
  type BackgroundTasksHandler,
  type FetchApp,
  type NoAppFetch,
  withBackgroundTasks,
} from "./src/fetch.ts";
export {
  backgroundTasks,
  type BackgroundTasksEnv,
  type BackgroundTasksMiddleware,
  getBackgroundTasks,
  type HonoContext,
} from "./src/hono.ts";
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
  BackgroundTasks,
  type BackgroundTasksConstructor,
  type TaskAdder,
} from "./src/request/background_tasks.ts";
export type {
  BackgroundTasksOptions,
  StrictMode,
} from "./src/request/options.ts";
export type { RequestContext } from "./src/request/request_context.ts";
export type { RunAfterContext, RunContext } from "./src/request/run_after.ts";
export { drain, type DrainOptions } from "./src/runner/drain.ts";
export type { DrainReport } from "./src/runner/drain_report.ts";
export type { TaskObserver } from "./src/runner/observer.ts";
export {
  TaskRunner,
  type TaskRunnerOptions,
  type TaskRunnerStats,
} from "./src/runner/task_runner.ts";
export {
  drainOnShutdown,
  type DrainOnShutdownOptions,
} from "./src/shutdown/drain_on_shutdown.ts";
export type { StoppableServer } from "./src/shutdown/stop_server.ts";
export {
  BackgroundTask,
  type BackgroundTaskConstructor,
  type OverloadArguments,
  task,
} from "./src/task/background_task.ts";
export type {
  DefinedTask,
  TaskContext,
  TaskHandler,
} from "./src/task/definition.ts";
export type {
  RetryOptions,
  RunOn,
  TaskOptions,
  TaskPolicy,
} from "./src/task/policy.ts";
export type {
  HandlerOutcome,
  ResponseOutcome,
  TaskResponse,
  TaskRun,
  TaskStatus,
} from "./src/task/task_run.ts";
export {
  type ResolvedWaitUntil,
  resolveWaitUntil,
} from "./src/wait_until/resolve_wait_until.ts";
export type {
  WaitUntil,
  WaitUntilHints,
} from "./src/wait_until/wait_until_source.ts";
