import { describeValue, quote } from "../check/check.ts";
import { check, ON_TASK_ERROR } from "../check/rules.ts";
import {
  checkObservers,
  Observers,
  type TaskObserver,
} from "../runner/observer.ts";
import { type DefinedTask, definitionOf } from "../task/definition.ts";
import { isWorthRetry, retryDelay } from "../task/retry.ts";
import type { BackgroundTask } from "../task/task.ts";
import { type OnTaskError, reportTaskError } from "../task/task_error.ts";
import type { TaskRun } from "../task/task_run.ts";
import { DeliveredTask, type Ended } from "./delivered_task.ts";
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
  | { readonly next: "later"; readonly delay: number }
  /** Give it up: `permanent` where attempts are left that would not help. */
  | {
    readonly next: "failed";
    readonly permanent: boolean;
    readonly error: unknown;
  };

/** One delivery of a message by an engine. */
interface Delivery {
  /** What the engine kept. */
  readonly body: unknown;
  /** The attempt, from 1. */
  readonly attempt: number;
  /** When the platform stops the work, in epoch milliseconds. */
  readonly deadline?: number;
}

/** For a message that this worker cannot run: a newer worker, which can, may be on its way. */
const LATER: Verdict = { next: "later", delay: 30_000 };

/**
 * Runs the messages of an engine with the handlers of `defineTask`: what every worker has in
 * common.
 */
export class MessageRunner {
  readonly #tasks: ReadonlyMap<string, AnyDefinedTask>;
  readonly #onTaskError: OnTaskError | undefined;
  readonly #observers: Observers;
  readonly #running = new Set<BackgroundTask>();
  /**
   * Reports the messages that this worker cannot run. After a task was renamed there may be thousands
   * of them, and each is delivered again and again.
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
    this.#onTaskError = onTaskError;
    this.#observers = new Observers(observers);
    this.#tasks = byName(tasks);
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
      return LATER;
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
      const name = quote(body.task);
      const line =
        `Cannot run task ${name}: this worker does not know it; it is left for another one`;
      this.#unknown.write(body.task, line);
      return LATER;
    }
    const delivered = new DeliveredTask(task, body, attempt, deadline, {
      observers: this.#observers,
      running: this.#running,
    });
    const result = await delivered.run();
    if (result.status === "succeeded") {
      return { next: "done", value: result.value };
    }
    return await this.#verdictOn(delivered, result);
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

  /** Decides about a delivery whose attempt has failed. */
  async #verdictOn(
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

function isMessage(body: unknown): body is TaskMessage {
  const { version, id, task, args, retry } = (body ?? {}) as Partial<
    TaskMessage
  >;
  return version === 1 && typeof id === "string" && typeof task === "string" &&
    Array.isArray(args) && typeof retry?.attempts === "number";
}

/** The tasks of a worker by their names, by which messages find them. */
function byName(
  tasks: readonly AnyDefinedTask[],
): ReadonlyMap<string, AnyDefinedTask> {
  if (!Array.isArray(tasks)) {
    throw new TypeError(
      `Cannot use tasks ${
        describeValue(tasks)
      }: write an array such as [sendEmail]`,
    );
  }
  const found = new Map<string, AnyDefinedTask>();
  for (const task of tasks) {
    const definition = definitionOf(task);
    if (definition === undefined) {
      throw new TypeError(
        `Cannot run ${
          describeValue(task)
        } in a worker: write defineTask(name, { queue }, handler)`,
      );
    }
    const { name } = definition;
    if (found.has(name)) {
      throw new TypeError(
        `Cannot run two tasks named ${
          quote(name)
        } in a worker: a message finds its handler by the name`,
      );
    }
    found.set(name, task);
  }
  return found;
}
