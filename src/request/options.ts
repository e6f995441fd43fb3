import {
  checkKeys,
  checkOnTaskError,
  checkType,
  describeValue,
} from "../check/check.ts";
import { checkMilliseconds } from "../check/check_number.ts";
import { askPredicate } from "../check/user_code.ts";
import {
  defaultScheduler,
  type Scheduler,
  schedulerOf,
} from "../runner/scheduler.ts";
import type { TaskRunner } from "../runner/task_runner.ts";
import { checkPolicy, POLICY_KEYS } from "../task/check_policy.ts";
import type { FullPolicy, TaskPolicy } from "../task/policy.ts";
import type { OnTaskError } from "../task/task_error.ts";
import type { TaskRun } from "../task/task_run.ts";
import { checkWaitUntil } from "../wait_until/resolve_wait_until.ts";
import type { WaitUntil } from "../wait_until/wait_until_source.ts";
import { isFailure } from "./failure.ts";

/** What looks at tasks as they are added, for development: `strictMode()` makes it. */
export interface StrictMode {
  /** A task is added with these arguments, to the tasks of this request. */
  check(
    name: string,
    args: readonly unknown[],
    request: Request | undefined,
  ): void;
  /** These tasks wait for the end of this response. */
  responds(
    response: Response | undefined,
    tasks: readonly {
      readonly name: string;
      readonly args: readonly unknown[];
    }[],
  ): void;
  /** The source of the `waitUntil` of a request, by name. */
  log(source: string): void;
}

/**
 * Options of `backgroundTasks()`, `withBackgroundTasks()` and `new BackgroundTasks()`. `timeout`,
 * `retry` and `runOn` are the defaults of tasks that have no policy of their own.
 */
export interface BackgroundTasksOptions extends TaskPolicy {
  /**
   * Called with what a task threw, once its last attempt failed or timed out, or with why it was
   * stopped at the platform's deadline. A promise it returns is a part of the work: the platform is
   * kept alive for it, and `drain()` waits, for 30 seconds at most. What the hook throws itself goes
   * to `console.error`.
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
   * Whether what a handler threw means that it failed, so that its `"success"` tasks are discarded.
   *
   * @default {false for a `Response` or an error with a status below 400, and for a redirect of Next.js}
   */
  readonly isFailure?: (error: unknown) => boolean;
  /**
   * For development: `strictMode()` of `@postlude/background-tasks/strict`, which warns when a task
   * is handed something that belongs to the request, or an entity.
   *
   * @default {undefined}
   */
  readonly strict?: StrictMode;
}

const KEYS = [
  ...POLICY_KEYS,
  "onTaskError",
  "stopOnError",
  "waitUntil",
  "deadline",
  "runner",
  "exactEnd",
  "isFailure",
  "strict",
];

/** The options of one middleware or wrapper, checked once and shared by all its requests. */
export class RequestOptions {
  readonly defaults: FullPolicy;
  readonly stopOnError: boolean;
  readonly onTaskError: OnTaskError | undefined;
  readonly waitUntil: WaitUntil | undefined;
  readonly deadline: number | undefined;
  readonly scheduler: Scheduler;
  readonly exactEnd: boolean;
  readonly isFailure: (error: unknown) => boolean;
  readonly strict: StrictMode | undefined;
  /** Whether the server was seen to hand over no execution context: learnt from the requests. */
  givesNoContext = false;

  /**
   * Checks the options where they are given.
   *
   * @param options The options as the user wrote them.
   * @throws {TypeError} If an option is unknown or of the wrong kind.
   * @throws {RangeError} If an option is out of range.
   */
  constructor(options: BackgroundTasksOptions) {
    checkKeys("background tasks option", options, KEYS);
    checkPolicy(options);
    const { timeout, retry, runOn, runner } = options;
    const { onTaskError, waitUntil, deadline, strict } = options;
    const { stopOnError = false, exactEnd = false } = options;
    if (onTaskError !== undefined) checkOnTaskError(onTaskError);
    if (waitUntil !== undefined) checkWaitUntil(waitUntil);
    if (deadline !== undefined && deadline !== Infinity) {
      const more = " after the response end, or Infinity";
      checkMilliseconds("deadline", deadline, 1, more);
    }
    checkType("stopOnError", stopOnError, "boolean", "true or false");
    checkType("exactEnd", exactEnd, "boolean", "true or false");
    if (strict !== undefined) checkStrict(strict);
    this.defaults = { timeout, retry, runOn };
    this.stopOnError = stopOnError;
    this.onTaskError = onTaskError;
    this.waitUntil = waitUntil;
    this.deadline = deadline;
    this.scheduler = checkRunner(runner);
    this.exactEnd = exactEnd;
    this.isFailure = checkIsFailure(options.isFailure);
    this.strict = strict;
  }
}

function checkRunner(runner: unknown): Scheduler {
  if (runner === undefined) return defaultScheduler;
  const scheduler = schedulerOf(runner);
  if (scheduler !== undefined) return scheduler;
  throw new TypeError(
    `Cannot use runner ${describeValue(runner)}: write new TaskRunner()`,
  );
}

function checkIsFailure(option: unknown): (error: unknown) => boolean {
  if (option === undefined) return isFailure;
  const example = "(error) => !(error instanceof Redirect)";
  checkType("isFailure", option, "function", example);
  const predicate = option as (error: unknown) => boolean;
  return (error) => askPredicate("isFailure", () => predicate(error));
}

function checkStrict(strict: unknown): void {
  if (typeof (strict as StrictMode | null)?.check === "function") return;
  throw new TypeError(
    `Cannot use strict ${
      describeValue(strict)
    }: write strictMode() of @postlude/background-tasks/strict`,
  );
}
