import { checkKeys, describeValue } from "../check/check.ts";
import {
  defaultScheduler,
  type Scheduler,
  schedulerOf,
} from "../runner/scheduler.ts";
import type { TaskRunner } from "../runner/task_runner.ts";
import { type TaskEvent, tell } from "../runner/watchers.ts";
import type { Clock } from "../task/clock.ts";
import type { DefinedTask } from "../task/definition.ts";
import type { TaskOptions } from "../task/policy.ts";
import type { BackgroundTask, TaskOwner } from "../task/task.ts";
import { NO_RESPONSE } from "../task/task_run.ts";
import { messageFor } from "./addressed.ts";
import { refusalOf } from "./refusal.ts";
import type { TaskMessage } from "./task_queue.ts";

const KEYS = [
  "delay",
  "idempotencyKey",
  "retry",
  "timeout",
  "platform",
  "runner",
];

/** Options of {@linkcode enqueue}: those of a call `with()` that are for a durable task. */
export interface EnqueueOptions extends
  Pick<
    TaskOptions,
    "delay" | "idempotencyKey" | "retry" | "timeout"
  > {
  /**
   * What the runtime handed over, for engines that are bindings: `env` on Workers.
   *
   * @default {undefined}
   */
  readonly platform?: unknown;
  /**
   * Whose observers are told of the hand-over, as those of a request are: added, then ended. In a
   * worker's handler, its `observers` are not told by themselves.
   *
   * @default {undefined} (the default runner, which has no observers)
   */
  readonly runner?: TaskRunner;
}

/**
 * Hands a durable task to its engine, where there is no request: in a script, a cron job, a message
 * of a socket, or the handler of another task, which is how tasks make a chain.
 *
 * Resolves when the engine has acknowledged the task, and rejects within the time its queue has. In
 * a request, `addTask` does the same before the response leaves, for all tasks of the request at
 * once, and only if the handler succeeds.
 *
 * @example A script, and a chain
 * ```ts
 * import { defineTask, enqueue } from "@postlude/background-tasks";
 * import { memoryQueue } from "@postlude/background-tasks/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = memoryQueue();
 * const sendReport = defineTask("send-report", { queue }, (_, month: string) => console.log(month));
 * const makeReport = defineTask("make-report", { queue }, async (_, month: string) => {
 *   await enqueue(sendReport, month);
 * });
 *
 * await enqueue(makeReport, "2026-11");
 * await makeReport("2026-11"); // what a worker does
 * assertEquals(queue.messages.map(({ task }) => task), ["make-report", "send-report"]);
 * ```
 *
 * @typeParam Args The task's parameters.
 * @param task The task, made by `defineTask` with a `queue`.
 * @param args What to call its handler with: JSON.
 * @returns The id of the task, which is that of its job too.
 * @throws {TypeError} If the task has no queue, or an argument is not JSON.
 * @throws {RangeError} If a message is too large.
 * @throws {TaskEnqueueError} If the engine refused it, or may have: see its `outcome`.
 */
export function enqueue<Args extends readonly unknown[]>(
  task: DefinedTask<Args>,
  ...args: Args
): Promise<string>;
/**
 * Hands a durable task to its engine, with options of this call.
 *
 * @example An hour later, and once however often it is asked for meanwhile
 * ```ts
 * import { defineTask, enqueue } from "@postlude/background-tasks";
 * import { memoryQueue } from "@postlude/background-tasks/testing";
 *
 * const queue = memoryQueue();
 * const remind = defineTask("remind", { queue }, (_, to: string) => console.log(to));
 *
 * const options = { delay: 3_600_000, idempotencyKey: "remind:ada" };
 * await enqueue(options, remind, "ada@example.com");
 * ```
 *
 * @typeParam Args The task's parameters.
 * @param options What this call says of the task.
 * @param task The task, made by `defineTask` with a `queue`.
 * @param args What to call its handler with: JSON.
 * @returns The id of the task, which is that of its job too; of no task where the engine has one of
 * the same `idempotencyKey`.
 * @throws {TypeError} If an option is unknown, or not supported by the engine.
 * @throws {RangeError} If an option is out of range.
 * @throws {TaskEnqueueError} If the engine refused it, or may have: see its `outcome`.
 */
export function enqueue<Args extends readonly unknown[]>(
  options: EnqueueOptions,
  task: DefinedTask<Args>,
  ...args: Args
): Promise<string>;
export async function enqueue(...given: unknown[]): Promise<string> {
  const isPlain = typeof given[0] === "function";
  const [options, task, ...args] = isPlain ? [{}, ...given] : given;
  checkKeys("enqueue option", options, KEYS);
  const { platform, runner, ...policy } = options as EnqueueOptions;
  const owner = new Sender(schedulerFor(runner));
  const { made, message, queue } = messageFor(
    task,
    args,
    policy,
    owner.clock.now(),
  );
  owner.add(made, message);
  try {
    await queue.enqueue([message], { platform });
  } catch (error) {
    const refusal = refusalOf(error, message.task, queue);
    made.end("failed", refusal);
    throw refusal;
  }
  made.end("succeeded");
  return message.id;
}

function schedulerFor(runner: unknown): Scheduler {
  const scheduler = runner === undefined
    ? defaultScheduler
    : schedulerOf(runner);
  if (scheduler !== undefined) return scheduler;
  throw new TypeError(
    `Cannot use runner ${describeValue(runner)}: write new TaskRunner()`,
  );
}

/** The owner of a task that no request adds: whoever watches is told, and a drain waits for them. */
class Sender implements TaskOwner {
  readonly deadline = undefined;
  readonly response = NO_RESPONSE;
  readonly surround = undefined;
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get clock(): Clock {
    return this.#scheduler.clock;
  }

  get isWatched(): boolean {
    return this.#scheduler.isWatched;
  }

  add(task: BackgroundTask, { addedAt, args }: TaskMessage): void {
    task.owner = this;
    task.addedAt = addedAt;
    task.args = args;
    this.#notify("onAdd", task);
  }

  taskStarts(): void {}

  taskRetries(): void {}

  taskEnded(task: BackgroundTask): void {
    this.#notify("onEnd", task);
  }

  #notify(event: TaskEvent, task: BackgroundTask): void {
    if (!this.isWatched) return;
    const begun = tell(undefined, this.#scheduler.observers, event, task);
    if (begun === undefined) return;
    this.#scheduler.count(0, 1);
    begun.then(() => this.#scheduler.count(0, -1));
  }
}
