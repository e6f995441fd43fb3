import {
  checkKeys,
  checkName,
  checkType,
  describeValue,
  quote,
} from "../check/check.ts";
import { checkMilliseconds, checkNumber } from "../check/check_number.ts";
import type { RetryOptions, TaskOptions, TaskPolicy } from "./policy.ts";

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
      `Cannot use ${option} for task ${
        quote(task)
      }: it runs in this process; write ` +
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
