import type { BackgroundTask } from "../task/task.ts";
import type { Outbox, OutboxOwner } from "./outbox.ts";
import type { TaskQueue } from "./task_queue.ts";

/**
 * What `defineTask` knows of a durable task: its engine, and what hands tasks over to engines. A
 * program without a durable task never loads that.
 */
export interface Durable {
  /** The engine. */
  readonly queue: TaskQueue;
  /** Opens what collects the durable tasks of one request. */
  openOutbox(owner: OutboxOwner): Outbox;
}

/**
 * How a task leaves this process.
 *
 * @param task The task.
 * @returns Its engine; `undefined` for a task that runs here.
 */
export function durableOf(task: BackgroundTask): Durable | undefined {
  return task.definition?.durable as Durable | undefined;
}
