import type { Scheduler } from "../runner/scheduler.ts";
import type { Clock } from "../task/clock.ts";
import type { Interception } from "../request/interception.ts";
import type { TaskEvent } from "../runner/watchers.ts";
import type {
  Exchange,
  ResponseEndListener,
} from "../response_end/response_end_source.ts";
import type { ResponseOutcome } from "../task/task_run.ts";
import type { BackgroundTask } from "../task/task.ts";
import { nextTurn } from "./next_turn.ts";
import type { TaskMoment } from "./recorded_task.ts";
import type { TaskLog } from "./task_log.ts";

/**
 * One request of a test client: it takes over the request's tasks, says when the response has
 * ended, and knows which tasks are its own.
 */
export class InterceptedRequest implements Interception {
  readonly clock: Clock | undefined;
  readonly scheduler: Scheduler | undefined;
  moment: TaskMoment = "before the response";
  /** The tasks of this request, in the order they were added. */
  readonly tasks: BackgroundTask[] = [];
  readonly #log: TaskLog;
  #outcome: ResponseOutcome = "unknown";
  readonly #listeners: ResponseEndListener[] = [];

  constructor(
    log: TaskLog,
    clock: Clock | undefined,
    scheduler: Scheduler | undefined,
  ) {
    this.#log = log;
    this.clock = clock;
    this.scheduler = scheduler;
  }

  notify(event: TaskEvent, task: BackgroundTask): undefined {
    if (event === "onAdd") {
      this.tasks.push(task);
      this.#log.add(task, this.moment);
    } else if (event === "onStart") this.#log.start(task, this.moment);
    else if (event === "onRetry") this.#log.retry(task);
    else this.#log.end(task, this.moment);
  }

  turn(task: BackgroundTask): Promise<void> | undefined {
    return this.#log.hold(task);
  }

  responseEnd(
    listener: ResponseEndListener,
    { response }: Exchange,
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
