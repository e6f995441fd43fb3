import type { TaskPolicy } from "./policy.ts";
import type { TaskResponse } from "./task_run.ts";

/** What the handler of a defined task gets first. */
export interface TaskContext {
  /** Aborts on the timeout, on `cancel()`, at the drain deadline and at the platform's deadline. */
  readonly signal: AbortSignal;
  /** The attempt, from 1. */
  readonly attempt: number;
  /** A UUID of the task, the same for every attempt. */
  readonly id: string;
  /** The name of the task. */
  readonly name: string;
  /** When the platform stops the work, in epoch milliseconds, or `undefined` where nobody says. */
  readonly deadline: number | undefined;
  /** The response the task runs after. */
  readonly response: TaskResponse;
}

/** The handler of a defined task. */
export type TaskHandler<Args extends readonly unknown[]> = (
  context: TaskContext,
  ...args: Args
) => unknown;

/** A named task with a policy; called directly it runs its handler once, for unit tests. */
export interface DefinedTask<Args extends readonly unknown[]> {
  (...args: Args): Promise<void>;
  /** The name given to `defineTask`. */
  readonly name: string;
}

/** A task whose handler is called: its arguments, and what the context tells of it. */
export interface CalledTask {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly args: readonly unknown[];
  /** What the task was added to; `undefined` for a direct call. */
  readonly owner: {
    readonly deadline: number | undefined;
    readonly response: TaskResponse;
  } | undefined;
  /** Takes what aborts the signal of the attempt. */
  readonly detail: { abort?: ((reason: unknown) => void) | undefined };
}

/** What `defineTask` knows of a task: its name, its policy and its handler. */
export interface TaskDefinition {
  /** The name in errors, logs and observers. */
  readonly name: string;
  /** The policy of every run of the task. */
  readonly options: TaskPolicy;
  /**
   * Calls the handler, with the context of one attempt.
   *
   * @param task The task: its arguments, and what the context tells of it.
   * @returns What the handler returned.
   * @throws What the handler threw.
   */
  call(task: CalledTask): unknown;
  /** Its engine, where an engine keeps the task: `Durable` of `queues/durable.ts`. */
  readonly durable: object | undefined;
}

/**
 * The key of a defined task's definition. Registered, so that two copies of this package in one
 * program know each other's tasks.
 */
export const DEFINITION: unique symbol = Symbol.for(
  "@postlude/background-tasks/definition",
);

/** What may be a defined task. */
type MayBeDefined = { readonly [DEFINITION]?: TaskDefinition } | null;

/**
 * The definition behind a defined task.
 *
 * @param task Any value.
 * @returns What `defineTask` was given; `undefined` for whatever else, such as a plain function.
 */
export function definitionOf(task: unknown): TaskDefinition | undefined {
  const definition = (task as MayBeDefined)?.[DEFINITION];
  // the stub of a remote service answers every key with a function
  return typeof definition === "object" ? definition : undefined;
}
