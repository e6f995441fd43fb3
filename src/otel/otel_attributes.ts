import type { Attributes } from "@opentelemetry/api";
import { TaskEnqueueError } from "../check/errors.ts";
import { isOf, textOf } from "../check/thrown.ts";
import type { TaskRun } from "../task/task_run.ts";

/** Statuses that count as errors. The others are decisions: cancelled, discarded. */
const FAULTS = new Set(["failed", "timed-out", "expired", "abandoned"]);

/** What is done with a task, in the words of the messaging conventions. */
export type Operation = "process" | "send";

/**
 * Whether a durable task has ended here because it was handed over, or should have been. Only such a
 * task succeeds, or is refused by an engine, without having started.
 *
 * @param run The task, which has ended.
 * @returns Whether a worker, and not this process, tells what became of the work.
 */
export function isHandOver({ startedAt, status, error }: TaskRun): boolean {
  return startedAt === undefined &&
    (status === "succeeded" || isOf(error, TaskEnqueueError));
}

/**
 * The attributes of a task in metrics: few values, because each value makes a series of its own.
 *
 * @param run The task.
 * @returns The attributes of our own metrics.
 */
export function taskAttributes({ name }: TaskRun): Attributes {
  return { "messaging.system": "postlude", "messaging.destination.name": name };
}

/**
 * What the conventions want to know of an operation.
 *
 * @param operation What is done.
 * @param task The attributes of the task.
 * @param error The class of what it failed with.
 * @returns The attributes of a metric of theirs.
 */
export function operationAttributes(
  operation: Operation,
  task: Attributes,
  error: string | undefined,
): Attributes {
  return {
    ...task,
    "messaging.operation.name": operation,
    ...(error !== undefined && { "error.type": error }),
  };
}

/**
 * What a span says of a task from its start.
 *
 * @param operation What is done.
 * @param run The task.
 * @returns The attributes.
 */
export function spanAttributes(
  operation: Operation,
  run: TaskRun,
): Attributes {
  return {
    ...taskAttributes(run),
    "messaging.operation.name": operation,
    "messaging.operation.type": operation,
    "messaging.message.id": run.id,
  };
}

/**
 * The class of what a task failed with. A name that the class gives its errors comes first: a bundler
 * may have shortened the one of the class.
 *
 * @param run The task.
 * @returns Its name; `undefined` for a task that did not fail.
 */
export function errorType({ status, error }: TaskRun): string | undefined {
  if (!FAULTS.has(status)) return undefined;
  try {
    if (!(error instanceof Error)) return "_OTHER";
    const givers = [error, Object.getPrototypeOf(error)];
    const isNamed = givers.some((giver) => Object.hasOwn(giver, "name"));
    return String(!isNamed && error.constructor.name || error.name);
  } catch {
    // An error whose own getters throw: its span ends all the same.
    return "_OTHER";
  }
}

/**
 * What was thrown, as a span records it.
 *
 * @param error What was thrown.
 * @returns The error itself, or a text.
 */
export function exceptionOf(error: unknown): Error | string {
  try {
    if (!(error instanceof Error)) return textOf(error);
    // A span reads these three: a getter of the error that throws, throws here.
    void [error.name, error.message, error.stack];
    return error;
  } catch {
    return textOf(error);
  }
}
