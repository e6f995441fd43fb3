import { quote } from "../check/check.ts";
import {
  check,
  checkOptions,
  milliseconds,
  type Rule,
  type Rules,
  TEXT,
} from "../check/rules.ts";
import type { RetryOptions, TaskOptions } from "./policy.ts";

/** The rule of a delay; 0 is none. */
const DELAY = /* @__PURE__ */ milliseconds(0);

const ATTEMPTS: Rule<number> = [
  "number",
  "it must be an integer of at least 1",
  (value) => Number.isInteger(value) && value >= 1,
];

const RETRY: Rules = {
  attempts: ATTEMPTS,
  delay: DELAY,
  maxDelay: DELAY,
  factor: [
    "number",
    "it must be a finite number of at least 1",
    (value) => Number.isFinite(value) && value >= 1,
  ],
  jitter: [
    "number",
    "it must be a number from 0 to 1",
    (value) => value >= 0 && value <= 1,
  ],
  when: ["function", "write (error) => true"],
};

/** The options of a policy. */
export const POLICY: Rules = {
  timeout: /* @__PURE__ */ milliseconds(1),
  retry: [
    "object",
    "write an object such as { attempts: 3, delay: 200 }",
    isRetry,
  ],
  runOn: [
    "string, function",
    'write "success", "failure", "always" or a function',
    (runOn: unknown) =>
      typeof runOn === "function" ||
      ["success", "failure", "always"].includes(runOn as string),
  ],
};

/** The options of `with()`. */
const TASK: Rules = /* @__PURE__ */ Object.assign({ name: TEXT }, POLICY, {
  idempotencyKey: [
    "string",
    'write a text that is not empty, such as "order:42"',
    (key: string) => key !== "",
  ],
  delay: [
    "number",
    "it must be an integer of at least 0 milliseconds",
    (value: number) => Number.isSafeInteger(value) && value >= 0,
  ],
});

/**
 * Checks the options of `with()`.
 *
 * @param options The options as the user wrote them.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If an option is out of range.
 */
export function checkTaskOptions(options: TaskOptions): void {
  checkOptions("task option", options, TASK);
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
  options: TaskOptions,
): void {
  for (const option of ["idempotencyKey", "delay"] as const) {
    if (options[option] === undefined) continue;
    throw new TypeError(
      `Cannot use ${option} for task ${
        quote(task)
      }: it runs in this process; write ` +
        "defineTask(name, { queue }, handler)",
    );
  }
}

/** Whether this may be a `retry`; its own options are checked on the way. */
function isRetry(retry: RetryOptions | null): boolean {
  if (retry === null) return false;
  checkOptions("retry option", retry, RETRY, "retry.");
  check("retry.attempts", retry.attempts, ATTEMPTS);
  return true;
}
