import type { Clock } from "../runner/clock.ts";
import type { TaskContext } from "../define_task.ts";
import { TaskTimeoutError } from "../check/errors.ts";
import type { Surround } from "../runner/observer.ts";
import { isWorthRetry, retryDelay } from "./retry.ts";
import type { FullPolicy, RetryOptions, TaskResponse } from "./policy.ts";
import type { TaskState } from "./task_state.ts";

/** What the tasks of one request share while they run. */
export interface TaskEnvironment {
  readonly clock: Clock;
  /** The platform's deadline, in epoch milliseconds. */
  readonly deadline: number | undefined;
  readonly response: TaskResponse;
  /** Makes an attempt inside what observers set up for it; absent where none does. */
  readonly surround: Surround | undefined;
  /** A task starts: its first attempt is about to be called. */
  taskStarts(state: TaskState): void;
  /** An attempt failed and another one follows. */
  taskRetries(state: TaskState): void;
}

/** How an attempt failed. An object, because a task may throw `undefined`. */
interface Failure {
  readonly status: "failed" | "timed-out";
  readonly error: unknown;
}

/**
 * Runs one task to its end: its attempts, their timeouts, and what became of it. `state.end()` is
 * called then.
 *
 * @param state The task. One that has ended, by `cancel()` or a deadline, is not started.
 * @param environment What the tasks of the request share.
 * @param policy Its timeout and its retries.
 */
export function runTask(
  state: TaskState,
  environment: TaskEnvironment,
  policy: Pick<FullPolicy, "timeout" | "retry">,
): void {
  if (state.hasEnded) return;
  state.status = "running";
  state.startedAt = environment.clock.now();
  state.attempt = 1;
  environment.taskStarts(state);
  if (state.hasEnded) return;
  const { timeout, retry } = policy;
  if (timeout === undefined && retry === undefined) runOnce(state, environment);
  else runAttempts(state, environment, timeout, retry);
}

/**
 * The policy that applies to a task: of each option, the nearest wins.
 *
 * @param state The task.
 * @param defaults The policy of tasks that have none of their own.
 * @returns Every option, or `undefined` where nobody gave one.
 */
export function policyOf(
  { options, definition }: TaskState,
  defaults: FullPolicy,
): FullPolicy {
  if (options === undefined && definition === undefined) return defaults;
  const defined = definition?.options;
  return {
    timeout: options?.timeout ?? defined?.timeout ?? defaults.timeout,
    retry: options?.retry ?? defined?.retry ?? defaults.retry,
    runOn: options?.runOn ?? defined?.runOn ?? defaults.runOn,
  };
}

/** The common case, without a timer or a loop: one attempt that may take as long as it likes. */
function runOnce(state: TaskState, environment: TaskEnvironment): void {
  let result: unknown;
  try {
    result = call(state, environment);
  } catch (error) {
    state.end("failed", error);
    return;
  }
  if (!mayBeThenable(result)) {
    state.end("succeeded");
    return;
  }
  try {
    const promise = result instanceof Promise
      ? result
      : Promise.resolve(result);
    promise.then(
      () => state.end("succeeded"),
      (error) => state.end("failed", error),
    );
  } catch (error) { // of a promise whose own `then` throws
    state.end("failed", error);
  }
}

function mayBeThenable(value: unknown): boolean {
  return (typeof value === "object" && value !== null) ||
    typeof value === "function";
}

async function runAttempts(
  state: TaskState,
  environment: TaskEnvironment,
  timeout: number | undefined,
  retry: RetryOptions | undefined,
): Promise<void> {
  while (true) {
    const failure = await runAttempt(state, environment, timeout);
    if (state.hasEnded) return;
    state.abort = undefined; // the attempt is over, and its signal stays as it is
    if (failure === undefined) {
      state.end("succeeded");
      return;
    }
    const { status, error } = failure;
    if (retry === undefined || !isWorthRetry(retry, state.attempt, error)) {
      state.end(status, error);
      return;
    }
    // `when` and the observers may have ended the task
    if (state.hasEnded) return;
    state.error = error;
    environment.taskRetries(state);
    if (state.hasEnded) return;
    await pause(state, environment.clock, retryDelay(retry, state.attempt));
    if (state.hasEnded) return;
    state.attempt++;
  }
}

/** Resolves when the attempt is over or was ended from outside, whatever its function does. */
function runAttempt(
  state: TaskState,
  environment: TaskEnvironment,
  timeout: number | undefined,
): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    const { clock } = environment;
    const timer = timeout === undefined ? undefined : clock.setTimeout(() => {
      const error = new TaskTimeoutError(state.name, timeout);
      over({ status: "timed-out", error });
      state.abort?.(error);
    }, timeout);
    const over = (failure?: Failure): void => {
      if (timer !== undefined) clock.clearTimeout(timer);
      resolve(failure);
    };
    state.release = over;
    // a continuation of its own, so that the next attempt does not see what this one enters
    Promise.resolve().then(() =>
      state.hasEnded ? undefined : call(state, environment)
    ).then(
      () => over(),
      (error) => over({ status: "failed", error }),
    );
  });
}

/** Waits, unless the task is ended from outside. */
function pause(state: TaskState, clock: Clock, delay: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, delay);
    state.release = () => {
      clock.clearTimeout(timer);
      resolve();
    };
  });
}

function call(state: TaskState, environment: TaskEnvironment): unknown {
  const { surround } = environment;
  return surround === undefined ? callTask(state, environment) : surround(
    state,
    () => state.hasEnded ? undefined : callTask(state, environment),
  );
}

/** Calls the function as written, without a receiver: it is nobody's method here. */
function callTask(state: TaskState, environment: TaskEnvironment): unknown {
  const { args, definition, fn } = state;
  if (definition === undefined) return fn(...args as never[]);
  const { handler } = definition;
  return handler(new AttemptContext(state, environment), ...args as never);
}

/** The context of one attempt. Its signal is made when the handler first asks for it. */
class AttemptContext implements TaskContext {
  readonly attempt: number;
  readonly #state: TaskState;
  readonly #environment: TaskEnvironment;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  #abortLater: ((reason: unknown) => void) | undefined;

  constructor(state: TaskState, environment: TaskEnvironment) {
    this.attempt = state.attempt;
    this.#state = state;
    this.#environment = environment;
    state.abort = (reason) => this.#abort(reason);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = this.#controller = new AbortController();
      new Promise((resolve) => this.#abortLater = resolve)
        .then((reason) => controller.abort(reason));
      if (this.#aborted !== undefined) controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  #abort(reason: unknown): void {
    this.#aborted ??= { reason };
    try {
      this.#controller?.abort(reason);
    } catch {
      // workerd lets nobody abort what another request made: so that request does it, a little later
      this.#abortLater?.(reason);
    }
  }

  get id(): string {
    return this.#state.id;
  }

  get name(): string {
    return this.#state.name;
  }

  get deadline(): number | undefined {
    return this.#environment.deadline;
  }

  get response(): TaskResponse {
    return this.#environment.response;
  }
}
