import {
  checkKeys,
  checkName,
  checkType,
  describeValue,
} from "../check/check.ts";
import { checkMilliseconds, checkNumber } from "../check/check_number.ts";

/** Whether the handler of the request returned (`"success"`) or threw (`"failure"`). */
export type HandlerOutcome = "success" | "failure";

/**
 * What became of the response, where the runtime can tell.
 *
 * `"sent"`: everything was handed to the connection. `"aborted"`: the client left before that.
 * `"errored"`: the body failed half-way. `"unknown"`: this runtime cannot tell; never a guess.
 */
export type ResponseOutcome = "sent" | "aborted" | "errored" | "unknown";

/** The response a task ran after. */
export interface TaskResponse {
  /** The status code, or `undefined` where there was no response to look at (a thrown error). */
  readonly status: number | undefined;
  /** What became of the response, where the runtime can tell. */
  readonly outcome: ResponseOutcome;
}

/** Which handler outcome a task waits for. See {@linkcode TaskOptions.runOn}. */
export type RunOn =
  | HandlerOutcome
  | "always"
  | ((outcome: HandlerOutcome, response: TaskResponse) => boolean);

/** How often, and how soon, a failed task is tried again. */
export interface RetryOptions {
  /** How many times the task is tried in all, the first one included. An integer, at least 1. */
  readonly attempts: number;
  /**
   * Milliseconds before the second attempt.
   *
   * @default {1000}
   */
  readonly delay?: number;
  /**
   * The longest delay in milliseconds, whatever `factor` makes of it.
   *
   * @default {60000}
   */
  readonly maxDelay?: number;
  /**
   * What the delay is multiplied by after each attempt. At least 1.
   *
   * @default {2}
   */
  readonly factor?: number;
  /**
   * The share of each delay that is random, from 0 (none) to 1 (all of it), so that tasks which
   * failed together are not tried again together.
   *
   * @default {1}
   */
  readonly jitter?: number;
  /**
   * Tells whether an error is worth another attempt.
   *
   * @default {() => true}
   */
  readonly when?: (error: unknown) => boolean;
}

/** The policy of a task. The nearest wins: `with()`, then `defineTask`, then the middleware. */
export interface TaskOptions {
  /**
   * The name in errors, logs and observers.
   *
   * @default {the function's own name}
   */
  readonly name?: string;
  /**
   * Milliseconds one attempt may take. The clock starts when the attempt starts. Then the task's
   * `signal` aborts, and the next task goes on even if this one never settles.
   *
   * @default {undefined} (no limit)
   */
  readonly timeout?: number;
  /**
   * Tries a failed task again, with an exponential delay between the attempts.
   *
   * @default {undefined} (one attempt)
   */
  readonly retry?: RetryOptions;
  /**
   * Which handler outcome the task waits for: `"success"` (the handler returned, whatever the
   * status), `"failure"` (it threw), `"always"`, or a predicate that gets the outcome and the
   * response. A task that does not run is reported to observers as `"discarded"`. Tasks added by
   * an error handler always run.
   *
   * @default {"success"}
   */
  readonly runOn?: RunOn;
  /**
   * Durable tasks only, and not every engine knows it: a second task with the key of an earlier
   * one is dropped, for as long as the engine remembers the first.
   *
   * @default {undefined} (every call is a task of its own)
   */
  readonly idempotencyKey?: string;
  /**
   * Durable tasks only: milliseconds until the task may start. An integer, from 0 to the longest
   * delay of the engine.
   *
   * @default {0}
   */
  readonly delay?: number;
}

/** A policy as it is written on the middleware or on `defineTask`: what all calls have in common. */
export type TaskPolicy = Omit<TaskOptions, "name" | "idempotencyKey" | "delay">;

/**
 * A policy with every option in it, `undefined` where nobody gave one. Not a mapped type: its `-?`
 * takes `undefined` away in an app that compiles without `exactOptionalPropertyTypes`.
 */
export interface FullPolicy {
  readonly timeout: number | undefined;
  readonly retry: RetryOptions | undefined;
  readonly runOn: RunOn | undefined;
}

/** The options of a policy, for the check against unknown keys. */
export const POLICY_KEYS = ["timeout", "retry", "runOn"] as const;

const RETRY_KEYS = [
  "attempts",
  "delay",
  "maxDelay",
  "factor",
  "jitter",
  "when",
] as const;

/**
 * Checks a policy where it is given, so that no task finds out later.
 *
 * @param options The options as the user wrote them; keys of the caller's own are ignored.
 * @throws {TypeError} If an option is of the wrong kind.
 * @throws {RangeError} If an option is out of range.
 */
export function checkPolicy(options: TaskPolicy): void {
  if (options.timeout !== undefined) {
    checkMilliseconds("timeout", options.timeout, 1);
  }
  if (options.retry !== undefined) checkRetry(options.retry);
  const { runOn } = options;
  if (
    runOn !== undefined && typeof runOn !== "function" &&
    !["success", "failure", "always"].includes(runOn)
  ) {
    throw new RangeError(
      `Cannot use runOn ${
        describeValue(runOn)
      }: write "success", "failure", "always" or a function`,
    );
  }
}

/**
 * Checks the options of `with()`.
 *
 * @param options The options as the user wrote them.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If an option is out of range.
 */
export function checkTaskOptions(options: TaskOptions): void {
  checkKeys("task option", options, [
    "name",
    ...POLICY_KEYS,
    "idempotencyKey",
    "delay",
  ]);
  const { name, idempotencyKey, delay } = options;
  if (name !== undefined) checkName(name);
  checkPolicy(options);
  if (delay !== undefined) {
    checkNumber(
      "delay",
      delay,
      (value) => Number.isSafeInteger(value) && value >= 0,
      "an integer of at least 0 milliseconds",
    );
  }
  if (idempotencyKey === undefined) return;
  if (typeof idempotencyKey !== "string" || idempotencyKey === "") {
    throw new TypeError(
      `Cannot use idempotencyKey ${
        describeValue(idempotencyKey)
      }: write a text that is not empty, such as "order:42"`,
    );
  }
}

/**
 * Refuses the options of durable tasks for a task that runs in this process.
 *
 * @param task The name of the task.
 * @param options The options of the call.
 * @throws {TypeError} If one of them needs an engine.
 */
export function checkInProcess(
  task: string,
  options: TaskOptions | undefined,
): void {
  if (options === undefined) return;
  for (const option of ["idempotencyKey", "delay"] as const) {
    if (options[option] === undefined) continue;
    throw new TypeError(
      `Cannot use ${option} for task "${task}": it runs in this process; write ` +
        "defineTask(name, { queue }, handler) to hand it to an engine",
    );
  }
}

function checkRetry(retry: unknown): void {
  if (typeof retry !== "object" || retry === null) {
    throw new TypeError(
      `Cannot use retry ${
        describeValue(retry)
      }: write an object such as { attempts: 3, delay: 200 }`,
    );
  }
  checkKeys("retry option", retry, RETRY_KEYS);
  const { attempts, delay, maxDelay, factor, jitter, when } =
    retry as RetryOptions;
  checkNumber(
    "retry.attempts",
    attempts,
    (value) => Number.isInteger(value) && value >= 1,
    "an integer of at least 1",
  );
  if (delay !== undefined) checkMilliseconds("retry.delay", delay, 0);
  if (maxDelay !== undefined) checkMilliseconds("retry.maxDelay", maxDelay, 0);
  if (factor !== undefined) {
    checkNumber(
      "retry.factor",
      factor,
      (value) => Number.isFinite(value) && value >= 1,
      "a finite number of at least 1",
    );
  }
  if (jitter !== undefined) {
    checkNumber(
      "retry.jitter",
      jitter,
      (value) => value >= 0 && value <= 1,
      "a number from 0 to 1",
    );
  }
  if (when !== undefined) {
    checkType("retry.when", when, "function", "(error) => true");
  }
}
