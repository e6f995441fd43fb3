import type { TaskContext, TaskDefinition } from "../define_task.ts";
import { MARGIN } from "../task/deadline.ts";
import { TaskTimeoutError } from "../check/errors.ts";
import type { Surround } from "../runner/observer.ts";
import type { TaskResponse } from "../task/policy.ts";
import type { EndStatus, TaskRun, TaskStatus } from "../task/task_state.ts";
import type { TaskMessage } from "./task_queue.ts";

/** How an attempt failed. */
export interface Failure {
  readonly status: "failed" | "timed-out";
  readonly error: unknown;
}

/** One attempt at a message in a worker, and the context its handler gets. */
export class Attempt implements TaskContext {
  readonly definition: TaskDefinition;
  readonly message: TaskMessage;
  readonly attempt: number;
  readonly deadline: number | undefined;
  /** A worker does not see the response. */
  readonly response: TaskResponse = { status: undefined, outcome: "unknown" };
  /** What the handler returned. */
  value: unknown = undefined;
  readonly #controller = new AbortController();
  #status: TaskStatus = "waiting";
  #startedAt: number | undefined = undefined;
  #endedAt: number | undefined = undefined;
  #error: unknown = undefined;

  constructor(
    definition: TaskDefinition,
    message: TaskMessage,
    attempt: number,
    deadline: number | undefined,
  ) {
    this.definition = definition;
    this.message = message;
    this.attempt = attempt;
    this.deadline = deadline;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get id(): string {
    return this.message.id;
  }

  get name(): string {
    return this.message.task;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  start(): void {
    this.#status = "running";
    this.#startedAt = Date.now();
  }

  end(status: EndStatus, error: unknown): void {
    this.#status = status;
    this.#endedAt = Date.now();
    this.#error = error;
  }

  snapshot(): TaskRun {
    return {
      id: this.id,
      name: this.name,
      attempt: this.attempt,
      status: this.#status,
      addedAt: this.message.addedAt,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      error: this.#error,
    };
  }

  /**
   * What becomes of the attempt; never rejects. At the timeout, and shortly before the platform ends
   * the work, it is over, whether or not the handler listens to its signal.
   */
  run(surround: Surround | undefined): Promise<Failure | undefined> {
    const { timeout = Infinity, args } = this.message;
    const left = (this.deadline ?? Infinity) - MARGIN - Date.now();
    const limit = Math.min(timeout, left);
    const call = (): unknown => this.definition.handler(this, ...args as never);
    return new Promise((resolve) => {
      const timer = limit === Infinity ? undefined : setTimeout(() => {
        const error = new TaskTimeoutError(this.name, limit);
        resolve({ status: "timed-out", error });
        this.abort(error);
      }, limit);
      Promise.resolve()
        .then(() => surround === undefined ? call() : surround(this, call))
        .then(
          (value) => void (this.value = value),
          (error): Failure => ({ status: "failed", error }),
        )
        .then((failure) => {
          clearTimeout(timer);
          resolve(failure);
        });
    });
  }
}
