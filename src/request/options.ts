import {
  checkOptions,
  milliseconds,
  ON_TASK_ERROR,
  type Rules,
  SWITCH,
} from "../check/rules.ts";
import { askPredicate } from "../check/user_code.ts";
import {
  defaultScheduler,
  type Scheduler,
  schedulerOf,
} from "../runner/scheduler.ts";
import type { TaskRunner } from "../runner/task_runner.ts";
import { POLICY } from "../task/check_policy.ts";
import { given, type TaskPolicy } from "../task/policy.ts";
import type { TaskRun } from "../task/task_run.ts";
import { WAIT_UNTIL } from "../wait_until/resolve_wait_until.ts";
import type { WaitUntil } from "../wait_until/wait_until_source.ts";
import { isFailure as isThrownFailure } from "./failure.ts";

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
   * The least status of a response that means its handler failed, from 400 to 599; for a framework
   * that makes a response of what a handler throws. The `cause` in a report is that status.
   * `isFailure` is not asked.
   *
   * @default {none: a handler that returns has not failed, whatever the status}
   */
  readonly failureStatus?: number;
  /**
   * For development: `strictMode()` of `@postlude/background-tasks/strict`, which warns when a task
   * is handed something that belongs to the request, or an entity.
   *
   * @default {undefined}
   */
  readonly strict?: StrictMode;
}

/** The rules of these options. */
const RULES: Rules = /* @__PURE__ */ Object.assign({}, POLICY, {
  onTaskError: ON_TASK_ERROR,
  stopOnError: SWITCH,
  waitUntil: WAIT_UNTIL,
  deadline: /* @__PURE__ */ milliseconds(
    1,
    " after the response end, or Infinity",
    Infinity,
  ),
  runner: [
    "object",
    "write new TaskRunner()",
    (runner: unknown) => schedulerOf(runner) !== undefined,
  ],
  exactEnd: SWITCH,
  isFailure: ["function", "write (error) => !(error instanceof Redirect)"],
  failureStatus: [
    "number",
    "write 500",
    (status: number) => status > 399 && status < 600,
  ],
  strict: [
    "object",
    "write strictMode() of @postlude/background-tasks/strict",
    (strict: StrictMode | null) => typeof strict?.check === "function",
  ],
});

/** The options of one middleware or wrapper, checked once and shared by all its requests. */
export interface RequestOptions extends BackgroundTasksOptions {
  /** The policy of tasks that have none of their own. */
  readonly defaults: TaskPolicy;
  readonly scheduler: Scheduler;
  readonly isFailure: (error: unknown) => boolean;
  /** Whether the server was seen to hand over no execution context: learnt from the requests. */
  givesNoContext: boolean;
}

/**
 * Checks the options where they are given.
 *
 * @param options The options as the user wrote them.
 * @returns What the requests share.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If an option is out of range.
 */
export function readOptions(options: BackgroundTasksOptions): RequestOptions {
  checkOptions("background tasks option", options, RULES);
  const { timeout, retry, runOn, runner, isFailure } = options;
  return {
    ...options,
    defaults: given({ timeout, retry, runOn }),
    scheduler: schedulerOf(runner) ?? defaultScheduler,
    isFailure: predicateOf(isFailure),
    givesNoContext: false,
  };
}

/** The app's own word, as a function that never returns a promise. */
function predicateOf(
  predicate: ((error: unknown) => boolean) | undefined,
): (error: unknown) => boolean {
  if (predicate === undefined) return isThrownFailure;
  return (error) => askPredicate("isFailure", () => predicate(error));
}
