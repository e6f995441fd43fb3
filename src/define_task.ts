import { describeValue, quote } from "./check/check.ts";
import { check, checkOptions, TEXT } from "./check/rules.ts";
import { checkQueue } from "./queues/check_queue.ts";
import type { Durable } from "./queues/durable.ts";
import { copyArguments, type JsonArguments } from "./queues/json.ts";
import { QueueOutbox } from "./queues/outbox.ts";
import type { TaskQueue } from "./queues/task_queue.ts";
import { refuseGenerator } from "./task/attempt.ts";
import { AttemptContext } from "./task/attempt_context.ts";
import { POLICY } from "./task/check_policy.ts";
import {
  type DefinedTask,
  DEFINITION,
  type TaskDefinition,
  type TaskHandler,
} from "./task/definition.ts";
import { given, type TaskPolicy } from "./task/policy.ts";
import { BackgroundTask } from "./task/task.ts";

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
  check("task name", name, TEXT);
  if (typeof handler !== "function") {
    throw new TypeError(
      `Cannot define task ${quote(name)} with handler ${
        describeValue(handler)
      }: write defineTask(name, options, async (context, ...args) => {})`,
    );
  }
  checkOptions("task option", options, { ...POLICY, queue: undefined });
  const { queue, ...policy } = options;
  if (queue !== undefined) checkQueue(queue);
  const run = async (...args: Args): Promise<void> => {
    const copies = queue === undefined ? args : copyArguments(name, args);
    await refuseGenerator(
      definition.call(new BackgroundTask(run as never, copies)),
    );
  };
  const definition: TaskDefinition = {
    name,
    options: given(policy),
    call: (task) => handler(new AttemptContext(task), ...task.args as Args),
    durable: queue && durable(queue),
  };
  return Object.defineProperties(run, {
    name: { value: name },
    [DEFINITION]: { value: definition },
  }) as DefinedTask<Args>;
}

function durable(queue: TaskQueue): Durable {
  return { queue, openOutbox: (owner) => new QueueOutbox(owner) };
}
