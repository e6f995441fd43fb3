import type { Clock } from "../runner/clock.ts";
import type { Interception } from "../request/interception.ts";
import type { TaskEvent } from "../runner/observer.ts";
import type {
  Exchange,
  ResponseEndListener,
} from "../response_end/response_end_source.ts";
import type { ResponseOutcome } from "../task/policy.ts";
import type { TaskRunner } from "../runner/task_runner.ts";
import type { TaskState } from "../task/task_state.ts";
import { nextTurn } from "./next_turn.ts";
import type { TaskMoment } from "./recorded_task.ts";
import type { TaskLog } from "./task_log.ts";

/**
 * One request of a test client: it takes over the request's tasks, says when the response has
 * ended, and knows which tasks are its own.
 */
export class InterceptedRequest implements Interception {
  readonly clock: Clock | undefined;
  readonly runner: TaskRunner | undefined;
  moment: TaskMoment = "before the response";
  /** The tasks of this request, in the order they were added. */
  readonly tasks: TaskState[] = [];
  readonly #log: TaskLog;
  #outcome: ResponseOutcome = "unknown";
  readonly #listeners: ResponseEndListener[] = [];

  constructor(
    log: TaskLog,
    clock: Clock | undefined,
    runner: TaskRunner | undefined,
  ) {
    this.#log = log;
    this.clock = clock;
    this.runner = runner;
  }

  notify(event: TaskEvent, state: TaskState): void {
    if (event === "onAdd") {
      this.tasks.push(state);
      this.#log.add(state, this.moment);
    } else if (event === "onStart") this.#log.start(state, this.moment);
    else if (event === "onRetry") this.#log.retry(state);
    else this.#log.end(state, this.moment);
  }

  turn(state: TaskState): Promise<void> | undefined {
    return this.#log.hold(state);
  }

  responseEnd(
    { response }: Exchange,
    listener: ResponseEndListener,
  ): Response | undefined {
    if (this.moment === "after the response") {
      listener.responseEnded(this.#outcome, 0);
    } else this.#listeners.push(listener);
    return response;
  }

  /** The app has answered. */
  answered(): void {
    this.moment = "during the body";
  }

  /** The response has been read to its end, or there is none: the tasks may start. */
  async over(outcome: ResponseOutcome): Promise<void> {
    await nextTurn();
    this.#outcome = outcome;
    this.moment = "after the response";
    for (const listener of this.#listeners) listener.responseEnded(outcome, 0);
  }
}
