/**
 * The errors a caller may want to catch. Wrong arguments are plain `TypeError`s and `RangeError`s.
 *
 * @module
 */
import { quote } from "./check.ts";

/**
 * The error of an attempt that took longer than the task's `timeout`.
 *
 * @example Count what is too slow
 * ```ts
 * import { BackgroundTasks, drain, TaskTimeoutError } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * const tooSlow: string[] = [];
 * const tasks = new BackgroundTasks({
 *   onTaskError: (error) => {
 *     if (error instanceof TaskTimeoutError) tooSlow.push(error.task);
 *   },
 * });
 * const hang = () => new Promise(() => {});
 * tasks.with({ name: "hang", timeout: 10 }).addTask(hang);
 * tasks.runAfter(new Response("ok"));
 *
 * await drain();
 * assertEquals(tooSlow, ["hang"]);
 * ```
 */
export class TaskTimeoutError extends Error {
  /** The name of the task. */
  readonly task: string;
  /** The timeout that passed, in milliseconds. */
  readonly timeout: number;

  /**
   * Creates the error of one attempt.
   *
   * @param task The name of the task.
   * @param timeout The timeout that passed, in milliseconds.
   */
  constructor(task: string, timeout: number) {
    super(
      `Cannot finish task ${
        quote(task)
      }: the attempt took longer than its timeout of ${timeout} ms`,
    );
    this.name = "TaskTimeoutError";
    this.task = task;
    this.timeout = timeout;
  }
}

/**
 * Thrown by `addTask` when the runner would hold more than `maxPending` tasks.
 *
 * A server answers 503: the request can be sent again later.
 *
 * @example Answer 503
 * ```ts
 * import { TaskQueueFullError } from "@postlude/background-tasks";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.onError((error, c) =>
 *   error instanceof TaskQueueFullError
 *     ? c.text("Try again later", 503, { "retry-after": "1" })
 *     : c.text("Internal Server Error", 500)
 * );
 * ```
 */
export class TaskQueueFullError extends Error {
  /** The name of the task that was refused. */
  readonly task: string;
  /** The runner's `maxPending`. */
  readonly maxPending: number;

  /**
   * Creates the error of one refused task.
   *
   * @param task The name of the task that was refused.
   * @param maxPending The runner's `maxPending`.
   */
  constructor(task: string, maxPending: number) {
    super(
      `Cannot add task ${
        quote(task)
      }: the runner would hold more than ${maxPending} tasks, its maxPending; answer 503`,
    );
    this.name = "TaskQueueFullError";
    this.task = task;
    this.maxPending = maxPending;
  }
}

/**
 * Thrown by `addTask` when the runner was closed, or the platform keeps nothing alive for the request
 * any more.
 *
 * @example Add a task when it is too late
 * ```ts
 * import { BackgroundTasks, BackgroundTasksClosedError, TaskRunner } from "@postlude/background-tasks";
 * import { assertThrows } from "@std/assert";
 *
 * const runner = new TaskRunner();
 * await runner.close();
 * const tasks = new BackgroundTasks({ runner });
 * tasks.addTask(() => {});
 * assertThrows(() => tasks.runAfter(new Response("ok")), BackgroundTasksClosedError);
 * ```
 */
export class BackgroundTasksClosedError extends Error {
  /** The name of the task that was refused. */
  readonly task: string;

  /**
   * Creates the error of one refused task.
   *
   * @param task The name of the task that was refused.
   * @param reason What is closed, and what to do instead.
   * @param options The platform's own error, as `cause`.
   */
  constructor(task: string, reason: string, options?: ErrorOptions) {
    super(`Cannot add task ${quote(task)}: ${reason}`, options);
    this.name = "BackgroundTasksClosedError";
    this.task = task;
  }
}

/**
 * A durable task could not be handed to its engine: the request fails with this error instead of a
 * 2xx for work that is lost. A server answers 503.
 *
 * @example Answer 503
 * ```ts
 * import { TaskEnqueueError } from "@postlude/background-tasks";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.onError((error, c) =>
 *   error instanceof TaskEnqueueError
 *     ? c.text("Try again later", 503)
 *     : c.text("Internal Server Error", 500)
 * );
 * ```
 */
export class TaskEnqueueError extends Error {
  /** The name of the task; of the first, where a request had several. */
  readonly task: string;
  /** The name of the engine. */
  readonly queue: string;
  /**
   * `"not-queued"`: certainly not, so the request may be sent again, or the work be done here.
   * `"unknown"`: the engine did not answer in time and may have kept the task, or another engine
   * has other tasks of the request. Sending the request again may then run one twice; an
   * `idempotencyKey` prevents that.
   */
  readonly outcome: "not-queued" | "unknown";

  /**
   * Creates the error of one hand-over.
   *
   * @param task The name of the task.
   * @param queue The name of the engine.
   * @param outcome Whether the engine certainly did not keep the task.
   * @param reason What is wrong, and what to do about it.
   * @param options The engine's own error, as `cause`.
   */
  constructor(
    task: string,
    queue: string,
    outcome: "not-queued" | "unknown",
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot hand task ${quote(task)} to ${queue}: ${reason}`, options);
    this.name = "TaskEnqueueError";
    this.task = task;
    this.queue = queue;
    this.outcome = outcome;
  }
}
