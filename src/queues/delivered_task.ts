import type { Observers } from "../runner/observer.ts";
import type { TaskEvent } from "../runner/watchers.ts";
import { type AttemptResult, makeAttempt, startTask } from "../task/attempt.ts";
import { type Clock, systemClock } from "../task/clock.ts";
import { MARGIN } from "../task/deadline.ts";
import {
  BackgroundTask,
  type Surround,
  type TaskFunction,
  type TaskOwner,
} from "../task/task.ts";
import { NO_RESPONSE } from "../task/task_run.ts";
import type { TaskMessage } from "./task_queue.ts";

/** How a delivery ended. */
export type Ended = AttemptResult | {
  readonly status: "expired" | "abandoned" | "cancelled";
  readonly error: unknown;
};

/** The observers of a worker, and the deliveries that run. */
interface Worker {
  readonly observers: Observers;
  readonly running: Set<BackgroundTask>;
}

/** One delivery of a message: a task that makes one attempt, with the limits it has in process. */
export class DeliveredTask implements TaskOwner {
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
    task: TaskFunction,
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
