import { checkKeys, checkName, describeValue } from "./check/check.ts";
import { checkQueue } from "./queues/check_queue.ts";
import { copyArguments, type JsonArguments } from "./queues/json.ts";
import type { TaskQueue } from "./queues/task_queue.ts";
import {
  checkPolicy,
  POLICY_KEYS,
  type TaskPolicy,
  type TaskResponse,
} from "./task/policy.ts";

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

/** The policy of a task that an engine keeps until a worker has run it. */
export interface DurableTaskOptions extends TaskPolicy {
  /**
   * The engine. `addTask` hands the task over to it before the response leaves, instead of running
   * it in this process.
   */
  readonly queue: TaskQueue;
}

/** The policy of a task that runs in this process. */
export interface InProcessTaskOptions extends TaskPolicy {
  /** A task with a queue is durable: see {@linkcode DurableTaskOptions}. */
  readonly queue?: never;
}

/** What `defineTask` knows of a task: its name, its policy and its handler. */
export interface TaskDefinition {
  /** The name in errors, logs and observers. */
  readonly name: string;
  /** Where the task is handed over to, if it is durable. */
  readonly queue: TaskQueue | undefined;
  /** The policy of every run of the task. */
  readonly options: TaskPolicy;
  /** What runs. */
  readonly handler: (context: TaskContext, ...args: never) => unknown;
}

/** A named task with a policy; called directly it runs its handler once, for unit tests. */
export interface DefinedTask<Args extends readonly unknown[]> {
  (...args: Args): Promise<void>;
  /** The name given to `defineTask`. */
  readonly name: string;
}

/**
 * The key of a defined task's definition. Registered, so that two copies of this package in one
 * program know each other's tasks.
 */
const DEFINITION = Symbol.for("@postlude/background-tasks/definition");

/**
 * Defines a named task with a policy, and a context for its handler.
 *
 * Hand the result to `addTask` as you would any function. Called directly it runs the handler
 * once, without timeout or retry, and always returns a promise: that is its unit test.
 *
 * @example Try three times, five seconds each
 * ```ts
 * import { defineTask } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * const seen: string[] = [];
 * const callWebhook = defineTask(
 *   "call-webhook",
 *   { timeout: 5_000, retry: { attempts: 3, delay: 200 } },
 *   ({ attempt }, url: string) => {
 *     seen.push(`${url} #${attempt}`);
 *   },
 * );
 *
 * await callWebhook("https://example.com/hook");
 * assertEquals(seen, ["https://example.com/hook #1"]);
 * ```
 *
 * @typeParam Args The handler's parameters behind the context.
 * @param name The name in errors, logs and observers.
 * @param options The policy of every run of the task.
 * @param handler What runs. It gets a {@linkcode TaskContext}, then the arguments.
 * @returns The task, to be handed to `addTask` or called directly.
 * @throws {TypeError} If the name, an option or the handler is of the wrong kind.
 * @throws {RangeError} If the name is empty or an option is out of range.
 */
export function defineTask<Args extends readonly unknown[]>(
  name: string,
  options: InProcessTaskOptions,
  handler: TaskHandler<Args>,
): DefinedTask<Args>;
/**
 * Defines a durable task: an engine keeps it until a worker has run it.
 *
 * `addTask` hands it over before the response leaves, so a 2xx means that it is queued; where the
 * engine refuses it, the request fails with `TaskEnqueueError`. It runs at least once, never
 * exactly once. The arguments are JSON, and `addTask` copies them. Called directly the task checks
 * them as well, so a unit test finds what a queue would refuse.
 *
 * @example A mail that must not be lost
 * ```ts
 * import { defineTask } from "@postlude/background-tasks";
 * import { memoryQueue } from "@postlude/background-tasks/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const queue = memoryQueue();
 * const sendEmail = defineTask(
 *   "send-email",
 *   { queue, retry: { attempts: 5 } },
 *   async (_, to: string, options: { subject: string }) => {
 *     await Promise.resolve([to, options.subject]);
 *   },
 * );
 *
 * await sendEmail("ada@example.com", { subject: "Welcome!" });
 * const date: unknown = new Date();
 * await assertRejects(() => sendEmail("ada@example.com", { subject: date as string }), TypeError);
 * ```
 *
 * @typeParam Args The handler's parameters behind the context.
 * @param name The name by which a worker finds the handler: a new name is a new task.
 * @param options The queue, and the policy of every run of the task.
 * @param handler What a worker runs. It gets a {@linkcode TaskContext}, then the arguments.
 * @returns The task, to be handed to `addTask`, to a worker, or called directly.
 * @throws {TypeError} If the name, an option or the handler is of the wrong kind.
 * @throws {RangeError} If the name is empty or an option is out of range.
 */
export function defineTask<
  Args extends readonly unknown[] & JsonArguments<Args>,
>(
  name: string,
  options: DurableTaskOptions,
  handler: TaskHandler<Args>,
): DefinedTask<Args>;
/**
 * Defines a named task without a policy of its own.
 *
 * @typeParam Args The handler's parameters behind the context.
 * @param name The name in errors, logs and observers.
 * @param handler What runs. It gets a {@linkcode TaskContext}, then the arguments.
 * @returns The task, to be handed to `addTask` or called directly.
 * @throws {TypeError} If the name or the handler is of the wrong kind.
 * @throws {RangeError} If the name is empty.
 */
export function defineTask<Args extends readonly unknown[]>(
  name: string,
  handler: TaskHandler<Args>,
): DefinedTask<Args>;
export function defineTask<Args extends readonly unknown[]>(
  name: string,
  ...rest:
    | [InProcessTaskOptions | DurableTaskOptions, TaskHandler<Args>]
    | [TaskHandler<Args>]
): DefinedTask<Args> {
  const [options, handler] = rest.length === 1 ? [{}, rest[0]] : rest;
  checkName(name);
  if (typeof handler !== "function") {
    throw new TypeError(
      `Cannot define task "${name}" with handler ${
        describeValue(handler)
      }: write defineTask(name, options, async (context, ...args) => {})`,
    );
  }
  checkKeys("task option", options, [...POLICY_KEYS, "queue"]);
  checkPolicy(options);
  const { queue, ...policy } = options;
  if (queue !== undefined) checkQueue(queue);
  const run = async (...args: Args): Promise<void> => {
    const copies = queue === undefined ? args : copyArguments(name, args);
    await handler(new DirectContext(name), ...copies as Args);
  };
  const defined: TaskDefinition = { name, queue, options: policy, handler };
  return Object.defineProperties(run, {
    name: { value: name },
    [DEFINITION]: { value: defined },
  }) as DefinedTask<Args>;
}

/**
 * The definition behind a function.
 *
 * @param fn Any function.
 * @returns What `defineTask` was given, or `undefined` for a plain function.
 */
export function definitionOf(fn: unknown): TaskDefinition | undefined {
  const definition = (fn as { [DEFINITION]?: TaskDefinition })[DEFINITION];
  // the stub of a remote service has an answer for every key: a function
  return typeof definition === "object" ? definition : undefined;
}

/** The context of a task that is called directly: nothing limits it, and there is no response. */
class DirectContext implements TaskContext {
  readonly signal: AbortSignal = new AbortController().signal;
  readonly attempt = 1;
  readonly id: string = crypto.randomUUID();
  readonly name: string;
  readonly deadline = undefined;
  readonly response: TaskResponse = { status: undefined, outcome: "unknown" };

  constructor(name: string) {
    this.name = name;
  }
}
