import type { TaskPolicy } from "../task/policy.ts";
import type { BackgroundTask } from "../task/task.ts";
import type { OnTaskError } from "../task/task_error.ts";
import type { TaskQueue } from "./task_queue.ts";

/** The request whose durable tasks these are. */
export interface OutboxOwner {
  /** What the runtime handed over beside the request. */
  readonly context: { readonly env: unknown } | undefined;
  /** Whether a front door handles the request: it waits for the hand-over. */
  readonly isOpen: boolean;
  /** Whether the handler has returned or thrown. */
  readonly isSettled: boolean;
  /** The options of its front door. */
  readonly options: {
    readonly defaults: TaskPolicy;
    readonly onTaskError?: OnTaskError | undefined;
  };
  /** The handler has settled, and the tasks have been handed over. */
  settle(response: Response | undefined): Response | undefined;
  /** The time, in epoch milliseconds. */
  now(): number;
  /** Tells, by its `runOn`, why a task does not run; throws what a predicate throws. */
  refusals(
    status: number | undefined,
  ): (task: BackgroundTask) => Error | undefined;
}

/** The durable tasks of one request, until their engines have them. */
export interface Outbox {
  /** Whether the hand-over has begun: what came later would stay behind. */
  readonly isClosed: boolean;
  /** The tasks that wait to be handed over, in the order they were added. */
  tasks(): BackgroundTask[];
  /** Writes the letters of tasks, all of them or none; returns a function that takes them. */
  write(tasks: readonly BackgroundTask[]): () => void;
  /** Hands the tasks over before the response leaves; returns the response to return instead. */
  settle(response: Response | undefined): Promise<Response | undefined>;
  /** Hands over the tasks that run although the handler threw. */
  fail(): Promise<void>;
}

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
