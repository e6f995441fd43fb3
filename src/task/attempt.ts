import { TaskTimeoutError } from "../check/errors.ts";
import type { RetryOptions, TaskPolicy } from "./policy.ts";
import { isWorthRetry, retryDelay } from "./retry.ts";
import type { BackgroundTask } from "./task.ts";

/** What became of an attempt. */
export type AttemptResult =
  | { readonly status: "succeeded"; readonly value: unknown }
  | { readonly status: "failed" | "timed-out"; readonly error: unknown };

/**
 * Runs one task to its end: its attempts, their timeouts, and what became of it. `task.end()` is
 * called then.
 *
 * @param task The task. One that has ended, by `cancel()` or a deadline, is not started.
 * @param policy Its timeout and its retries.
 * @param now The time, in epoch milliseconds.
 */
export function runTask(
  task: BackgroundTask,
  { timeout, retry }: Pick<TaskPolicy, "timeout" | "retry">,
  now: number,
): void {
  if (!startTask(task, now)) return;
  if (timeout === undefined && retry === undefined) runOnce(task);
  else runAttempts(task, timeout, retry);
}

/**
 * Starts a task: its first attempt is about to be called.
 *
 * @param task The task.
 * @param now The time, in epoch milliseconds.
 * @returns Whether it has not ended meanwhile: an observer may cancel it.
 */
export function startTask(task: BackgroundTask, now: number): boolean {
  if (task.hasEnded) return false;
  task.status = "running";
  task.startedAt = now;
  task.owner?.taskStarts(task);
  return !task.hasEnded;
}

/** The common case, without a timer or a loop: one attempt that may take as long as it likes. */
function runOnce(task: BackgroundTask): void {
  try {
    const result = attemptOf(task);
    if (!mayBeThenable(result)) return void task.end("succeeded");
    // a thenable of another realm or library becomes a promise first. Reading its `then` may throw,
    // and so may the `then` of a promise
    const promise = result instanceof Promise
      ? result
      : Promise.resolve(refuseGenerator(result));
    promise.then(
      () => task.end("succeeded"),
      (error) => task.end("failed", error),
    );
  } catch (error) {
    task.end("failed", error);
  }
}

async function runAttempts(
  task: BackgroundTask,
  timeout: number | undefined,
  retry: RetryOptions | undefined,
): Promise<void> {
  const details = task.detail;
  for (let attempt = 1; !task.hasEnded; attempt++) {
    details.attempt = attempt;
    const result = await makeAttempt(task, timeout);
    if (result === undefined || task.hasEnded) return;
    if (result.status === "succeeded") return void task.end("succeeded");
    const { status, error } = result;
    if (retry === undefined || !isWorthRetry(retry, attempt, error)) {
      return void task.end(status, error);
    }
    if (task.hasEnded) return; // the user's `when` may have cancelled the task
    details.error = error;
    task.owner?.taskRetries(task);
    if (!task.hasEnded) await pause(task, retryDelay(retry, attempt));
  }
}

/**
 * Makes one attempt, in process and in a worker alike.
 *
 * @param task The task, which runs.
 * @param timeout Milliseconds the attempt may take.
 * @returns What became of it; `undefined` where the task was ended from outside. Settles then,
 * whatever the function does; never rejects.
 */
export function makeAttempt(
  task: BackgroundTask,
  timeout: number | undefined,
): Promise<AttemptResult | undefined> {
  return new Promise((resolve) => {
    const { clock } = task.owner!;
    const details = task.detail;
    const timer = timeout === undefined ? undefined : clock.setTimeout(() => {
      const error = new TaskTimeoutError(task.name, timeout);
      const { abort } = details;
      over({ status: "timed-out", error });
      abort?.(error);
    }, timeout);
    const over = (result?: AttemptResult): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      resolve(result);
      // a later cancel must not abort the signal of an attempt that is over; one that ends the task
      // now is about to abort it
      if (!task.hasEnded) details.abort = undefined;
    };
    details.release = over;
    // a continuation of its own: the next attempt must not see the async context this one enters
    Promise.resolve().then(() => {
      if (!task.hasEnded) return refuseGenerator(attemptOf(task));
    }).then(
      (value) => over({ status: "succeeded", value }),
      (error) => over({ status: "failed", error }),
    );
  });
}

/** Waits, unless the task is ended from outside. */
function pause(task: BackgroundTask, delay: number): Promise<void> {
  const { clock } = task.owner!;
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, delay);
    task.detail.release = () => {
      clock.clearTimeout(timer);
      resolve();
    };
  });
}

function attemptOf(task: BackgroundTask): unknown {
  const surround = task.owner?.surround;
  if (surround === undefined) return callTask(task);
  return surround(task, () => task.hasEnded ? undefined : callTask(task));
}

/** Calls the function of a task without a receiver, so that `this` is `undefined` in it. */
function callTask(task: BackgroundTask): unknown {
  const { args, definition, fn } = task;
  return definition === undefined
    ? fn(...args as never[])
    : definition.call(task);
}

function mayBeThenable(value: unknown): boolean {
  return (typeof value === "object" && value !== null) ||
    typeof value === "function";
}

/**
 * Refuses a generator: nothing of it has run.
 *
 * @param result What a function returned.
 * @returns The same.
 * @throws {TypeError} If it is a generator.
 */
export function refuseGenerator(result: unknown): unknown {
  const tag = Object.prototype.toString.call(result);
  if (!/^\[object (Async)?Generator\]$/.test(tag)) return result;
  throw new TypeError(
    "Cannot run a generator as a task: calling it runs nothing; write " +
      "async () => { for await (…) … }",
  );
}
