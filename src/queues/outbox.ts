import { quote } from "../check/check.ts";
import {
  BackgroundTasksClosedError,
  TaskEnqueueError,
} from "../check/errors.ts";
import type { BackgroundTask } from "../task/task.ts";
import { reportTaskError } from "../task/task_error.ts";
import { durableOf, type Outbox, type OutboxOwner } from "./durable.ts";
import { messageOf } from "./messages.ts";
import { refusalOf } from "./refusal.ts";
import type { TaskMessage, TaskQueue } from "./task_queue.ts";

/** A durable task that waits for the handler to return. */
interface Letter {
  readonly task: BackgroundTask;
  readonly queue: TaskQueue;
  readonly message: TaskMessage;
}

/**
 * The outbox of one request.
 *
 * For this process a task ends with the hand-over: `"succeeded"` once the engine has acknowledged
 * it, `"failed"` where it was refused. It never counts as pending: a runner has nothing to do with
 * it, and `drain()` nothing to wait for.
 */
export class QueueOutbox implements Outbox {
  isClosed = false;
  readonly #owner: OutboxOwner;
  readonly #letters: Letter[] = [];

  constructor(owner: OutboxOwner) {
    this.#owner = owner;
  }

  tasks(): BackgroundTask[] {
    return this.#waiting().map(({ task }) => task);
  }

  /**
   * Writes the letters of durable tasks, all of them or none, and keeps nothing of them yet.
   *
   * @param tasks The tasks.
   * @returns A function that takes the letters.
   * @throws {TypeError} If nothing hands them over, an argument is not JSON, or an option is not
   * supported.
   * @throws {RangeError} If a delay is too long or a message too large.
   * @throws {BackgroundTasksClosedError} If the handler has returned.
   */
  write(tasks: readonly BackgroundTask[]): () => void {
    this.#check(tasks[0]!.name);
    const { defaults } = this.#owner.options;
    const addedAt = this.#owner.now();
    const letters = tasks.map((task) => {
      const { queue } = durableOf(task)!;
      return {
        task,
        queue,
        message: messageOf(task, queue, defaults, addedAt),
      };
    });
    return () => {
      for (const { task, message } of letters) {
        task.args = message.args;
        task.addedAt = message.addedAt;
      }
      this.#letters.push(...letters);
    };
  }

  #check(name: string): void {
    if (this.#owner.isSettled || this.isClosed) {
      throw new BackgroundTasksClosedError(
        name,
        "the durable tasks of this request were handed over when the handler returned; add it " +
          "before that",
      );
    }
    if (!this.#owner.isOpen) {
      throw new TypeError(
        `Cannot add durable task ${
          quote(name)
        }: runAfter() returns at once, and cannot wait until its queue has it; use ` +
          "backgroundTasks() or withBackgroundTasks()",
      );
    }
  }

  /**
   * Hands the tasks over before the response leaves.
   *
   * @param response The response of the handler.
   * @returns The response to return instead.
   * @throws {TaskEnqueueError} If an engine refused its batch.
   */
  async settle(response: Response | undefined): Promise<Response | undefined> {
    await this.#handOver(response?.status);
    return this.#owner.settle(response);
  }

  /** Hands over the tasks that run although the handler threw. Its error is on the way out already. */
  async fail(): Promise<void> {
    await this.#handOver(undefined).catch(() => this.#reportLost());
    this.#owner.settle(undefined);
  }

  /**
   * Hands the tasks over: one batch for each engine.
   *
   * @param status The status of the response; `undefined` where the handler threw.
   * @throws {TaskEnqueueError} If an engine refused its batch.
   */
  async #handOver(status: number | undefined): Promise<void> {
    this.isClosed = true;
    const refusalOf = this.#owner.refusals(status);
    const platform = this.#owner.context?.env;
    for (const { task } of this.#letters) task.detail.isHandedOver = true;
    const letters = this.#waiting().filter((letter) => runs(letter, refusalOf));
    const [lost] = this.#lost();
    if (lost !== undefined) { // a predicate threw: nothing of the request is handed over
      for (const { task } of letters) task.end("failed", lost.error);
      throw lost.error;
    }
    const batches = new Map<TaskQueue, Letter[]>();
    for (const letter of letters) {
      const batch = batches.get(letter.queue);
      if (batch === undefined) batches.set(letter.queue, [letter]);
      else batch.push(letter);
    }
    const refusals = (await Promise.all(
      [...batches].map(([queue, batch]) => send(queue, batch, platform)),
    )).filter((refusal) => refusal !== undefined);
    if (refusals.length > 0) throw ofAll(refusals, batches.size);
  }

  /** Reports the tasks that no engine took. */
  #reportLost(): void {
    for (const task of this.#lost()) {
      const what = `Durable task ${quote(task.name)} was lost:`;
      reportTaskError(this.#owner.options.onTaskError, task.snapshot(), what);
    }
  }

  /** The tasks that no engine took, or not for certain. */
  #lost(): BackgroundTask[] {
    return this.#letters.map(({ task }) => task)
      .filter(({ status }) => status === "failed");
  }

  #waiting(): Letter[] {
    return this.#letters.filter(({ task }) => !task.hasEnded);
  }
}

/** Whether a task runs, by its `runOn`. A predicate that throws has lost it: that is a refusal. */
function runs(
  { task, queue }: Letter,
  refusalOf: ReturnType<OutboxOwner["refusals"]>,
): boolean {
  try {
    const reason = refusalOf(task);
    if (reason === undefined) return true;
    task.end("discarded", reason);
  } catch (cause) {
    const reason = "its runOn predicate failed";
    task.end(
      "failed",
      new TaskEnqueueError(task.name, queue.name, "not-queued", reason, {
        cause,
      }),
    );
  }
  return false;
}

/** Hands one batch over, and ends its tasks. Never rejects: it returns the refusal. */
async function send(
  queue: TaskQueue,
  letters: readonly Letter[],
  platform: unknown,
): Promise<TaskEnqueueError | undefined> {
  const messages = letters.map(({ message }) => message);
  try {
    await queue.enqueue(messages, { platform });
    for (const { task } of letters) task.end("succeeded");
  } catch (error) {
    const refusal = refusalOf(error, messages[0]!.task, queue);
    for (const { task } of letters) task.end("failed", refusal);
    return refusal;
  }
}

/** The error of a request: only where no engine may have any of its tasks, it can be sent again. */
function ofAll(
  refusals: readonly TaskEnqueueError[],
  batches: number,
): TaskEnqueueError {
  const unknown = refusals.find(({ outcome }) => outcome === "unknown");
  const refusal = unknown ?? refusals[0]!;
  if (unknown !== undefined || refusals.length === batches) return refusal;
  return new TaskEnqueueError(
    refusal.task,
    refusal.queue,
    "unknown",
    "it was refused, but other durable tasks of the request are queued",
    { cause: refusal },
  );
}
