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
import { isThrownFailure } from "./failure.ts";

/** A check of each task that is added, for development: `strictMode()` makes one. */
export interface StrictMode {
  /** Called with the name and the arguments of a task that is added, and its request. */
  check(
    name: string,
    args: readonly unknown[],
    request: Request | undefined,
  ): void;
  /** Called with a response that leaves, and the tasks that wait for its end. */
  responds(
    response: Response | undefined,
    tasks: readonly {
      readonly name: string;
      readonly args: readonly unknown[];
    }[],
  ): void;
  /** Called with the name of the platform that keeps the tasks of a request alive. */
  log(source: string): void;
}

/**
 * Options of `backgroundTasks()`, `withBackgroundTasks()` and `new BackgroundTasks()`. `timeout`,
 * `retry` and `runOn` are the defaults of tasks that have no policy of their own.
 */
export interface BackgroundTasksOptions extends TaskPolicy {
  /**
   * Called when the last attempt of a task failed or timed out, with what the task threw; and when the
   * platform's deadline stopped a task, with the reason. A promise that the hook returns is a part of
   * the work: the platform is kept alive for the promise, and `drain()` waits for it, for 30 seconds at
   * most. What the hook throws goes to `console.error`.
   *
   * @default {console.error with the task's name and the error, never its arguments}
   */
  readonly onTaskError?: (error: unknown, run: TaskRun) => unknown;
  /**
   * Discards the remaining tasks of the request when one fails, as Starlette does. Observers see each
   * of them as `"discarded"`.
   *
   * @default {false}
   */
  readonly stopOnError?: boolean;
  /**
   * Keeps the platform alive until a promise settles: for a platform whose own `waitUntil` this package
   * does not find.
   *
   * @default {the one that `resolveWaitUntil` finds}
   */
  readonly waitUntil?: WaitUntil;
  /**
   * Milliseconds from the end of the response, or from `run()`, to the moment when the platform ends the
   * work, for a platform that tells no such moment: at least 1; `Infinity` for never. Shortly before it
   * every `signal` aborts, and the tasks that run or wait end as `"expired"` and go to `onTaskError`.
   * One clock, which starts at the end of the response, holds for all tasks of the request.
   *
   * @default {the limit that the platform documents: 30,000 on Workers; Vercel tells its own}
   */
  readonly deadline?: number;
  /**
   * The runner that executes the tasks.
   *
   * @default {the runner of the process}
   */
  readonly runner?: TaskRunner;
  /**
   * For Deno: hands every body on chunk by chunk. So even a large body in memory has left before the
   * first task starts, and the outcome is known. Without this option a task that burns CPU may hold back
   * the tail of such a body. The headers are the same with and without it.
   *
   * @default {false}
   */
  readonly exactEnd?: boolean;
  /**
   * Whether a handler that threw this has failed, so that its `"success"` tasks are discarded.
   *
   * @default {false for a `Response` or an error with a status below 400, and for a redirect of Next.js}
   */
  readonly isFailure?: (error: unknown) => boolean;
  /**
   * The least status of a response that means its handler failed, from 400 to 599; for a framework
   * that makes a response of what a handler throws. The `cause` in a report is that status.
   * `isFailure` is not asked. Where the client has left before there was a response, that is no
   * failure, except on Deno: such a framework gives up at once, with the handler still at work.
   *
   * @default {none: a handler that returns has not failed, whatever the status}
   */
  readonly failureStatus?: number;
  /**
   * For development: `strictMode()` of `@postlude/background-tasks/strict`. It warns when an argument of a
   * task belongs to the request, or is an entity.
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

/** The options of one front door, checked once and shared by all its requests. */
export interface RequestOptions extends BackgroundTasksOptions {
  /** The policy of tasks that have none of their own. */
  readonly defaults: TaskPolicy;
  readonly scheduler: Scheduler;
  readonly isFailure: (error: unknown) => boolean;
  /** Whether a request has shown that the server hands over no execution context. */
  givesNoContext: boolean;
}

/**
 * Checks the options where they are given.
 *
 * @param options The options as the user wrote them.
 * @returns The options that the requests share.
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

/** The option `isFailure`, as a function that returns no promise. */
function predicateOf(
  predicate: ((error: unknown) => boolean) | undefined,
): (error: unknown) => boolean {
  if (predicate === undefined) return isThrownFailure;
  return (error) => askPredicate("isFailure", () => predicate(error));
}
