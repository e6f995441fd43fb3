import { checkOnTaskError, describeValue } from "../check/check.ts";
import {
  type DefinedTask,
  definitionOf,
  type TaskDefinition,
} from "../define_task.ts";
import {
  callHook,
  checkObservers,
  type Surround,
  surroundOf,
  type TaskEvent,
  type TaskObserver,
} from "../runner/observer.ts";
import { isWorthRetry, retryDelay } from "../task/retry.ts";
import { type OnTaskError, reportTaskError } from "../task/task_error.ts";
import type { TaskRun } from "../task/task_state.ts";
import { Attempt, type Failure } from "./attempt.ts";
import { runOfOtherVersion } from "./other_version.ts";
import type { TaskMessage } from "./task_queue.ts";

/** A task that a worker can run, whatever its arguments. */
// deno-lint-ignore no-explicit-any -- a list of tasks holds tasks of all arguments
export type AnyDefinedTask = DefinedTask<any[]>;

/** What an engine is to do with a message. */
export type Verdict =
  /** Forget it: it is done, and this is what its handler returned. */
  | { readonly next: "done"; readonly value: unknown }
  /** Hand it out again, after `delay` milliseconds. */
  | { readonly next: "retry"; readonly delay: number; readonly error: unknown }
  /** Hand it out again later, and not as an attempt: this worker cannot run it. */
  | { readonly next: "later"; readonly delay: number; readonly error: Error }
  /** Give it up: `permanent` where attempts are left that would not help. */
  | {
    readonly next: "failed";
    readonly permanent: boolean;
    readonly error: unknown;
  };

/** One delivery of a message by an engine. */
export interface Delivery {
  /** What the engine kept. */
  readonly body: unknown;
  /** The attempt, from 1. */
  readonly attempt: number;
  /** When the platform stops the work, in epoch milliseconds. */
  readonly deadline?: number;
}

/** How long a worker leaves alone what it does not know: a newer worker may be on its way. */
const UNKNOWN_DELAY = 30_000;

/**
 * Runs the messages of an engine with the handlers of `defineTask`: what every worker has in
 * common.
 */
export class MessageRunner {
  readonly #tasks = new Map<string, TaskDefinition>();
  readonly #onTaskError: OnTaskError | undefined;
  readonly #observers: readonly TaskObserver[];
  readonly #surround: Surround | undefined;
  readonly #running = new Set<Attempt>();

  /**
   * Creates the runner of one worker.
   *
   * @param tasks The tasks it can run.
   * @param onTaskError Told when a message is given up; `console.error` if there is none.
   * @param observers Who watches; each delivery is a run of its own for them.
   * @throws {TypeError} If a task was not made by `defineTask`, two have the same name, the hook is
   * no function, or an observer is none.
   */
  constructor(
    tasks: readonly AnyDefinedTask[],
    onTaskError?: OnTaskError,
    observers: readonly TaskObserver[] = [],
  ) {
    if (onTaskError !== undefined) checkOnTaskError(onTaskError);
    checkObservers(observers);
    if (!Array.isArray(tasks)) {
      throw new TypeError(
        `Cannot use tasks ${
          describeValue(tasks)
        }: write an array such as [sendEmail]`,
      );
    }
    this.#onTaskError = onTaskError;
    this.#observers = [...observers];
    this.#surround = surroundOf(observers);
    for (const task of tasks) {
      const definition = typeof task === "function"
        ? definitionOf(task)
        : undefined;
      if (definition === undefined) {
        throw new TypeError(
          `Cannot run ${
            describeValue(task)
          } in a worker: write defineTask(name, { queue }, handler)`,
        );
      }
      if (this.#tasks.has(definition.name)) {
        throw new TypeError(
          `Cannot run two tasks named "${definition.name}" in a worker: a message finds its ` +
            "handler by the name",
        );
      }
      this.#tasks.set(definition.name, definition);
    }
  }

  /**
   * Runs one attempt. Never rejects.
   *
   * @param delivery The message.
   * @returns What the engine is to do with it.
   */
  async run({ body, attempt, deadline }: Delivery): Promise<Verdict> {
    const foreign = runOfOtherVersion(body, attempt);
    if (foreign !== undefined) {
      await this.report(foreign);
      return { next: "later", delay: UNKNOWN_DELAY, error: foreign.error };
    }
    if (!isMessage(body)) {
      const error = new TypeError(
        `Cannot run ${describeValue(body)}: it is no message of this version`,
      );
      console.error(error.message);
      // Not permanent: a platform may keep it for somebody who can read it.
      return { next: "failed", permanent: false, error };
    }
    const definition = this.#tasks.get(body.task);
    if (definition === undefined) {
      const error = new Error(
        `Cannot run task "${body.task}": this worker does not know it; it is left for another one`,
      );
      console.error(error.message);
      return { next: "later", delay: UNKNOWN_DELAY, error };
    }
    const running = new Attempt(definition, body, attempt, deadline);
    this.#notify("onAdd", running);
    this.#running.add(running);
    running.start();
    this.#notify("onStart", running);
    const failure = await running.run(this.#surround);
    if (this.#running.delete(running)) {
      running.end(failure?.status ?? "succeeded", failure?.error);
      this.#notify("onEnd", running);
    }
    return failure === undefined
      ? { next: "done", value: running.value }
      : await this.#judge(running, failure);
  }

  /** Aborts the signal of whatever runs; for the observers, that is its end. */
  abandon(reason: unknown): void {
    const abandoned = [...this.#running];
    this.#running.clear();
    for (const attempt of abandoned) {
      attempt.abort(reason);
      attempt.end("abandoned", reason);
      this.#notify("onEnd", attempt);
    }
  }

  /**
   * Tells the hook, or `console.error`, of a message that is given up.
   *
   * @param run Its last attempt.
   * @returns Settles when the hook has done what it began; nothing where it did so at once.
   */
  report(run: TaskRun): Promise<void> | undefined {
    const what = `Durable task "${run.name}" failed:`;
    return reportTaskError(this.#onTaskError, run, what);
  }

  #notify(event: TaskEvent, attempt: Attempt): void {
    for (const observer of this.#observers) {
      if (observer[event] === undefined) continue;
      callHook(event, () => observer[event]!(attempt.snapshot()));
    }
  }

  async #judge(
    attempt: Attempt,
    { status, error }: Failure,
  ): Promise<Verdict> {
    const { message, definition } = attempt;
    const { when } = definition.options.retry ?? {};
    const retry = { ...message.retry, ...(when !== undefined && { when }) };
    if (isWorthRetry(retry, attempt.attempt, error)) {
      const delay = retryDelay(retry, attempt.attempt);
      return { next: "retry", delay, error };
    }
    await this.report({ ...attempt.snapshot(), status, error });
    const permanent = attempt.attempt < retry.attempts;
    return { next: "failed", permanent, error };
  }
}

function isMessage(body: unknown): body is TaskMessage {
  const { version, id, task, args, retry } =
    (typeof body === "object" && body !== null ? body : {}) as Partial<
      TaskMessage
    >;
  return version === 1 && typeof id === "string" && typeof task === "string" &&
    Array.isArray(args) && typeof retry?.attempts === "number";
}
