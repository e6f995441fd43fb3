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
 * The policy of one run: what is nearer wins, option by option.
 *
 * @param defaults The options of the front door.
 * @param definition What `defineTask` was given.
 * @param options The options of the call.
 * @returns What applies.
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
 * The options that are not `undefined`, which leaves those further out alone.
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
