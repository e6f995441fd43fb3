import type { HandlerOutcome, TaskResponse } from "./task_run.ts";

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
   * The random share of each delay, from 0 (nothing of it) to 1 (all of it). It keeps tasks that failed
   * together from being tried again together.
   *
   * @default {1}
   */
  readonly jitter?: number;
  /**
   * Whether an error is worth another attempt.
   *
   * @default {() => true}
   */
  readonly when?: (error: unknown) => boolean;
}

/** The policy of a task. `with()` wins over `defineTask`, and that over the middleware. */
export interface TaskOptions {
  /**
   * The name in errors, logs and observers.
   *
   * @default {the function's own name}
   */
  readonly name?: string;
  /**
   * Milliseconds that one attempt may take. The clock starts when the attempt starts. At the timeout
   * the task's `signal` aborts, and the next task starts even if this one never settles.
   *
   * @default {undefined} (no limit)
   */
  readonly timeout?: number;
  /**
   * Tries a failed task again, after a delay that grows with each attempt.
   *
   * @default {undefined} (one attempt)
   */
  readonly retry?: RetryOptions;
  /**
   * The outcome of the handler for which the task runs: `"success"` (the handler returned, whatever the
   * status), `"failure"` (the handler threw), `"always"`, or a predicate that gets the outcome and the
   * response. Observers see a task that does not run as `"discarded"`. Tasks that an error handler adds
   * always run.
   *
   * @default {"success"}
   */
  readonly runOn?: RunOn;
  /**
   * For durable tasks, and for engines that support it. The engine drops a second task with the same
   * key, for as long as it remembers the first.
   *
   * @default {undefined} (every call is a task of its own)
   */
  readonly idempotencyKey?: string;
  /**
   * For durable tasks: milliseconds until the task may start. An integer, from 0 to the longest delay
   * of the engine.
   *
   * @default {0}
   */
  readonly delay?: number;
}

/** The part of a policy that all calls have in common, for the middleware and `defineTask`. */
export type TaskPolicy = Omit<TaskOptions, "name" | "idempotencyKey" | "delay">;

/**
 * The policy of one run. Option by option, the call wins over `defineTask`, and that over the front door.
 *
 * @param defaults The options of the front door.
 * @param definition What `defineTask` was given.
 * @param options The options of the call.
 * @returns The policy.
 */
export function policyOf(
  defaults: TaskPolicy,
  definition: { readonly options: TaskPolicy } | undefined,
  options: TaskOptions | undefined,
): TaskPolicy {
  if (options === undefined && definition === undefined) return defaults;
  return { ...defaults, ...definition?.options, ...options };
}

/**
 * The options that have a value. An option that is `undefined` hides no option of the middleware.
 *
 * @param options The options as the user wrote them.
 */
export function given<Options extends object>(
  options: { readonly [Key in keyof Options]: Options[Key] | undefined },
): Options {
  const entries = Object.entries(options);
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined),
  ) as Options;
}
