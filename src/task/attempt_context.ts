import type { CalledTask, TaskContext } from "./definition.ts";
import { NO_RESPONSE, type TaskResponse } from "./task_run.ts";

/** The context of one attempt. Its signal is made when the handler first asks for it. */
export class AttemptContext implements TaskContext {
  readonly attempt: number;
  readonly #task: CalledTask;
  #controller: AbortController | undefined;
  #aborted: { readonly reason: unknown } | undefined;
  #abortLater: ((reason: unknown) => void) | undefined;

  constructor(task: CalledTask) {
    // a defined task that is called directly has no owner and was never started
    this.attempt = task.attempt || 1;
    this.#task = task;
    task.detail.abort = (reason) => this.#abort(reason);
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
      // workerd lets no request abort the signal of another one: a continuation of the request that
      // made the signal aborts it, a little later
      this.#abortLater?.(reason);
    }
  }

  get id(): string {
    return this.#task.id;
  }

  get name(): string {
    return this.#task.name;
  }

  get deadline(): number | undefined {
    return this.#task.owner?.deadline;
  }

  get response(): TaskResponse {
    return this.#task.owner?.response ?? NO_RESPONSE;
  }
}
