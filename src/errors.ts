/**
 * The errors a caller may want to catch. Wrong arguments are plain `TypeError`s and `RangeError`s.
 *
 * @module
 */

/** The error of an attempt that took longer than the task's `timeout`. */
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
      `Cannot finish task "${task}": the attempt took longer than its timeout of ${timeout} ms`,
    );
    this.name = "TaskTimeoutError";
    this.task = task;
    this.timeout = timeout;
  }
}

/**
 * Thrown by `addTask` when the runner holds `maxPending` tasks.
 *
 * A server answers 503: the request can be sent again later.
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
      `Cannot add task "${task}": the runner already holds ${maxPending} tasks, its maxPending`,
    );
    this.name = "TaskQueueFullError";
    this.task = task;
    this.maxPending = maxPending;
  }
}

/** Thrown by `addTask` when the request's tasks have finished, or when the runner was closed. */
export class BackgroundTasksClosedError extends Error {
  /** The name of the task that was refused. */
  readonly task: string;

  /**
   * Creates the error of one refused task.
   *
   * @param task The name of the task that was refused.
   * @param reason What is closed, and what to do instead.
   */
  constructor(task: string, reason: string) {
    super(`Cannot add task "${task}": ${reason}`);
    this.name = "BackgroundTasksClosedError";
    this.task = task;
  }
}
