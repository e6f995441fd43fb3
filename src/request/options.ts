import {
  checkKeys,
  checkOnTaskError,
  checkType,
  describeValue,
} from "../check/check.ts";
import { checkMilliseconds } from "../check/check_number.ts";
import type { WaitUntil } from "../wait_until/wait_until_source.ts";
import type { Scheduler } from "../runner/scheduler.ts";
import { StrictMode } from "../strict/mod.ts";
import { checkPolicy, POLICY_KEYS, type TaskPolicy } from "../task/policy.ts";
import {
  defaultRunner,
  schedulerOf,
  TaskRunner,
} from "../runner/task_runner.ts";
import type { SequenceOptions } from "./sequence.ts";
import type { TaskRun } from "../task/task_state.ts";
import { checkWaitUntil } from "../wait_until/resolve_wait_until.ts";

/**
 * Options of `backgroundTasks()`, `withBackgroundTasks()` and `new BackgroundTasks()`. `timeout`,
 * `retry` and `runOn` are the defaults of tasks that have no policy of their own.
 */
export interface BackgroundTasksOptions extends TaskPolicy {
  /**
   * Called with what a task threw, once its last attempt failed or timed out, or with why it was
   * stopped at the platform's deadline. A promise it returns is a part of the work: the platform is
   * kept alive for it, and `drain()` waits. What the hook throws itself goes to `console.error`.
   *
   * @default {console.error with the task's name and the error, never its arguments}
   */
  readonly onTaskError?: (error: unknown, run: TaskRun) => unknown;
  /**
   * Discards the request's remaining tasks when one fails, as Starlette does. Each is reported to
   * observers as `"discarded"`.
   *
   * @default {false}
   */
  readonly stopOnError?: boolean;
  /**
   * Keeps the platform alive until a promise settles, where the platform's own way cannot be
   * found.
   *
   * @default {what `resolveWaitUntil` finds}
   */
  readonly waitUntil?: WaitUntil;
  /**
   * How many milliseconds after the response end the platform ends the work, for a platform that
   * does not tell: at least 1; `Infinity` for never. Shortly before, every `signal` is aborted;
   * what was running, and what could not start, ends as `"expired"` and goes to `onTaskError`.
   * The clock starts at the response end, also for a task that waits for its turn.
   *
   * @default {what the platform documents: 30,000 on Workers; Vercel tells its own}
   */
  readonly deadline?: number;
  /**
   * What executes the tasks.
   *
   * @default {the runner of the process}
   */
  readonly runner?: TaskRunner;
  /**
   * Deno only: hands every body on chunk by chunk, so that even a large one held in memory has
   * left before the first task starts, and the outcome is known. Without it a task that burns CPU
   * may hold back the tail of such a body. The headers stay what they are without it.
   *
   * @default {false}
   */
  readonly exactEnd?: boolean;
  /**
   * For development: warns with `console.warn` when a task is handed something that belongs to the
   * request (a Hono context, a `Request` with an unread body, a locked stream) or an entity (an
   * instance of a class of yours), and says what to pass instead. Once per task name.
   * The debug log says once what keeps the work alive after the response.
   *
   * @default {false}
   */
  readonly strict?: boolean;
}

/** The options of one middleware or wrapper, checked once and shared by all its requests. */
export interface CheckedOptions extends SequenceOptions {
  readonly waitUntil: WaitUntil | undefined;
  readonly deadline: number | undefined;
  readonly scheduler: Scheduler;
  readonly exactEnd: boolean;
  /** What warns, where `strict` is set. */
  readonly strict: StrictMode | undefined;
}

const KEYS = [
  ...POLICY_KEYS,
  "onTaskError",
  "stopOnError",
  "waitUntil",
  "deadline",
  "runner",
  "exactEnd",
  "strict",
];

/**
 * Checks the options where they are given.
 *
 * @param options The options as the user wrote them.
 * @returns What the requests share.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If an option is out of range.
 */
export function checkOptions(options: BackgroundTasksOptions): CheckedOptions {
  checkKeys("background tasks option", options, KEYS);
  checkPolicy(options);
  const {
    onTaskError,
    stopOnError = false,
    waitUntil,
    deadline,
    runner = defaultRunner,
    exactEnd = false,
    strict = false,
  } = options;
  if (onTaskError !== undefined) checkOnTaskError(onTaskError);
  if (waitUntil !== undefined) checkWaitUntil(waitUntil);
  if (deadline !== undefined && deadline !== Infinity) {
    const more = " after the response end, or Infinity";
    checkMilliseconds("deadline", deadline, 1, more);
  }
  checkType("stopOnError", stopOnError, "boolean", "true or false");
  checkType("exactEnd", exactEnd, "boolean", "true or false");
  checkType("strict", strict, "boolean", "true or false");
  if (!(runner instanceof TaskRunner)) {
    throw new TypeError(
      `Cannot use runner ${describeValue(runner)}: write new TaskRunner()`,
    );
  }
  const { timeout, retry, runOn } = options;
  const defaults = { timeout, retry, runOn };
  return {
    defaults,
    onTaskError,
    stopOnError,
    waitUntil,
    deadline,
    scheduler: schedulerOf(runner),
    exactEnd,
    strict: strict ? new StrictMode() : undefined,
  };
}
