import { describeValue, quote } from "../check/check.ts";
import { check, ON_TASK_ERROR } from "../check/rules.ts";
import {
  checkObservers,
  Observers,
  type TaskObserver,
} from "../runner/observer.ts";
import type { TaskEvent } from "../runner/watchers.ts";
import { type AttemptResult, makeAttempt, startTask } from "../task/attempt.ts";
import { type Clock, systemClock } from "../task/clock.ts";
import { MARGIN } from "../task/deadline.ts";
import { type DefinedTask, definitionOf } from "../task/definition.ts";
import { isWorthRetry, retryDelay } from "../task/retry.ts";
import { BackgroundTask, type Surround, type TaskOwner } from "../task/task.ts";
import { type OnTaskError, reportTaskError } from "../task/task_error.ts";
import { NO_RESPONSE, type TaskRun } from "../task/task_run.ts";
import { runOfOtherVersion } from "./other_version.ts";
import { SeldomLines } from "./seldom.ts";
import type { TaskMessage } from "./task_queue.ts";

/** A task that a worker can run, whatever its arguments. */
// deno-lint-ignore no-explicit-any -- a list of tasks holds tasks of all arguments
export type AnyDefinedTask = DefinedTask<any[]>;

/** What an engine is to do with a message. */
export type Verdict =
  /** Forget it: it is done. `value` is what its handler returned. */
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
  readonly #tasks = new Map<string, AnyDefinedTask>();
  readonly #onTaskError: OnTaskError | undefined;
  readonly #observers: Observers;
  readonly #running = new Set<BackgroundTask>();
  /**
   * Of each name of a renamed task there may be thousands of messages, each delivered again and
   * again.
   */
  readonly #unknown = new SeldomLines();

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
    if (onTaskError !== undefined) {
      check("onTaskError", onTaskError, ON_TASK_ERROR);
    }
    checkObservers(observers);
    if (!Array.isArray(tasks)) {
      throw new TypeError(
        `Cannot use tasks ${
          describeValue(tasks)
        }: write an array such as [sendEmail]`,
      );
    }
    this.#onTaskError = onTaskError;
    this.#observers = new Observers(observers);
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
          `Cannot run two tasks named ${
            quote(definition.name)
          } in a worker: a message finds its ` +
            "handler by the name",
        );
      }
      this.#tasks.set(definition.name, task);
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
      this.#unknown.write("", error.message);
      // Not permanent: the platform may keep the message for a worker that can read it.
      return { next: "failed", permanent: false, error };
    }
    const task = this.#tasks.get(body.task);
    if (task === undefined) {
      const error = new Error(
        `Cannot run task ${
          quote(body.task)
        }: this worker does not know it; it is left for another one`,
      );
      this.#unknown.write(body.task, error.message);
      return { next: "later", delay: UNKNOWN_DELAY, error };
    }
    const delivered = new DeliveredTask(task, body, attempt, deadline, {
      observers: this.#observers,
      running: this.#running,
    });
    const result = await delivered.run();
    if (result.status === "succeeded") {
      return { next: "done", value: result.value };
    }
    return await this.#judge(delivered, result);
  }

  /** Aborts the signal of whatever runs; for the observers, that is its end. */
  abandon(reason: unknown): void {
    for (const task of [...this.#running]) {
      const { abort } = task.detail;
      task.detail.release = undefined; // the verdict waits for the handler: it may still succeed
      task.end("abandoned", reason);
      abort?.(reason);
    }
  }

  /**
   * Tells the hook, or `console.error`, of a message that is given up.
   *
   * @param run Its last attempt.
   * @returns Settles when the hook has done what it began; nothing where it did so at once.
   */
  report(run: TaskRun): Promise<void> | undefined {
    const what = `Durable task ${quote(run.name)} failed:`;
    return reportTaskError(this.#onTaskError, run, what);
  }

  async #judge(
    { message, task }: DeliveredTask,
    { status, error }: Extract<Ended, { error: unknown }>,
  ): Promise<Verdict> {
    const { when } = task.definition?.options.retry ?? {};
    const retry = { ...message.retry, ...(when !== undefined && { when }) };
    if (isWorthRetry(retry, task.attempt, error)) {
      const delay = retryDelay(retry, task.attempt);
      return { next: "retry", delay, error };
    }
    await this.report({ ...task.snapshot(), status, error });
    const permanent = task.attempt < retry.attempts;
    return { next: "failed", permanent, error };
  }
}

/** How a delivery ended. */
type Ended = AttemptResult | {
  readonly status: "expired" | "abandoned" | "cancelled";
  readonly error: unknown;
};

/** The observers of a worker, and the deliveries that run. */
interface Worker {
  readonly observers: Observers;
  readonly running: Set<BackgroundTask>;
}

/** One delivery of a message: a task that makes one attempt, with the limits it has in process. */
class DeliveredTask implements TaskOwner {
  readonly message: TaskMessage;
  readonly task: BackgroundTask;
  readonly clock: Clock = systemClock;
  readonly isWatched = true;
  readonly response = NO_RESPONSE;
  readonly deadline: number | undefined;
  readonly #worker: Worker;
  /** Promises of observers: the delivery is over when they have settled. */
  readonly #hooks: Promise<void>[] = [];

  constructor(
    task: AnyDefinedTask,
    message: TaskMessage,
    attempt: number,
    deadline: number | undefined,
    worker: Worker,
  ) {
    this.message = message;
    this.deadline = deadline;
    this.#worker = worker;
    this.task = new BackgroundTask(task, message.args);
    this.task.owner = this;
    this.task.addedAt = message.addedAt;
    Object.assign(this.task.detail, { id: message.id, attempt });
  }

  get surround(): Surround | undefined {
    return this.#worker.observers.surround;
  }

  /** Makes the attempt; settles when it and what the observers began are over. Never rejects. */
  async run(): Promise<Ended> {
    const { task } = this;
    this.#notify("onAdd");
    this.#worker.running.add(task);
    startTask(task, Date.now());
    const limit = this.deadline && setTimeout(
      () => this.#expire(),
      this.deadline - Date.now() - MARGIN,
    );
    const result = await makeAttempt(task, this.message.timeout);
    clearTimeout(limit);
    if (result?.status === "succeeded") task.end("succeeded");
    else if (result !== undefined) task.end(result.status, result.error);
    await Promise.all(this.#hooks);
    return result ?? { status: task.status as "expired", error: task.error };
  }

  taskStarts(): void {
    this.#notify("onStart");
  }

  taskRetries(): void {}

  taskEnded(task: BackgroundTask): void {
    this.#worker.running.delete(task);
    this.#notify("onEnd");
  }

  #expire(): void {
    const text = "Cannot go on: the platform ends this delivery";
    const reason = new DOMException(text, "TimeoutError");
    this.task.interrupt("expired", reason);
  }

  #notify(event: TaskEvent): void {
    const begun = this.#worker.observers.notify(event, this.task);
    if (begun !== undefined) this.#hooks.push(begun);
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
