import { checkKeys } from "../../check/check.ts";
import { writeError } from "../../check/thrown.ts";
import type { TaskObserver } from "../../runner/observer.ts";
import type { TaskRun } from "../../task/task_run.ts";
import {
  type AnyDefinedTask,
  MessageRunner,
  type Verdict,
} from "../message_runner.ts";
import type { TaskMessage } from "../task_queue.ts";
import { inTraceOf } from "../trace_context.ts";
import { secondsOf } from "./queue.ts";
import type { CloudflareMessage, CloudflareMessageBatch } from "./types.ts";

/** Options of {@linkcode queueHandler}. */
export interface QueueHandlerOptions {
  /**
   * Called with what a task threw, once it is given up.
   *
   * @default {console.error with the task's name and the error, never its arguments}
   */
  readonly onTaskError?: (error: unknown, run: TaskRun) => unknown;
  /**
   * Who watches what this worker runs. Each attempt is a run of its own for them: added, started and
   * ended, with `run.attempt`; one that failed and is tried again has ended as `"failed"`.
   *
   * @default {[]}
   */
  readonly observers?: readonly TaskObserver[];
}

/** How long Cloudflare lets one delivery run: 15 minutes. */
const WALL_TIME = 15 * 60_000;

/**
 * Makes the `queue` handler of a Worker, which runs durable tasks.
 *
 * The messages of a batch run at once, and each is acknowledged alone.
 *
 * A task that fails is delivered again after its retry delay, in whole seconds, as long as its
 * `retry` has attempts left **and** the queue has. So set `max_retries` of the consumer to one less
 * than the largest `attempts`. A task whose last attempt failed goes back to the platform, which
 * puts it into the `dead_letter_queue` once `max_retries` is used up. With higher `max_retries` the
 * platform delivers the task again until then, and it is not run. A message that is no task of this
 * package goes the same way.
 *
 * A task that `retry.when` gives up is acknowledged and reported, and is not in the
 * `dead_letter_queue`. A task that runs for almost the 15 minutes of a delivery has timed out.
 *
 * @example A worker that serves and runs tasks
 * ```ts
 * import { defineTask, withBackgroundTasks } from "@postlude/background-tasks";
 * import {
 *   cloudflareQueue,
 *   type CloudflareQueueBinding,
 *   queueHandler,
 * } from "@postlude/background-tasks/cloudflare-queues";
 *
 * const queue = cloudflareQueue((env: { TASKS: CloudflareQueueBinding }) => env.TASKS);
 * const sendEmail = defineTask("send-email", { queue }, (_, to: string) => console.log(to));
 *
 * const worker = {
 *   fetch: withBackgroundTasks((_request, tasks, _env: unknown, _ctx: unknown) => {
 *     tasks.addTask(sendEmail, "ada@example.com");
 *     return new Response("queued");
 *   }),
 *   queue: queueHandler([sendEmail]),
 * };
 * export default worker;
 * ```
 *
 * @param tasks The tasks the worker runs, made by `defineTask`.
 * @param options Hooks.
 * @returns The handler.
 * @throws {TypeError} If a task was not made by `defineTask`, two have the same name, or an option
 * is unknown or of the wrong kind.
 */
export function queueHandler(
  tasks: readonly AnyDefinedTask[],
  options: QueueHandlerOptions = {},
): (batch: CloudflareMessageBatch) => Promise<void> {
  checkKeys("queue handler option", options, ["onTaskError", "observers"]);
  const runner = new MessageRunner(
    tasks,
    options.onTaskError,
    options.observers,
  );
  return async function queue(batch): Promise<void> {
    const deadline = Date.now() + WALL_TIME;
    await Promise.all(
      batch.messages.map((message) =>
        handle(runner, message, deadline).catch((error) => {
          // one that cannot even be read must not fail the batch: that would cut the others off
          writeError("Cannot run a message:", error);
          message.retry();
        })
      ),
    );
  };
}

async function handle(
  runner: MessageRunner,
  message: CloudflareMessage,
  deadline: number,
): Promise<void> {
  const { body, attempts: attempt } = message;
  if (isUsedUp(message)) {
    message.retry();
    return;
  }
  const run = (): Promise<Verdict> => runner.run({ body, attempt, deadline });
  const verdict = await inTraceOf(body, run);
  if (verdict.next === "done") message.ack();
  else if (verdict.next !== "failed") {
    message.retry({ delaySeconds: secondsOf(verdict.delay) });
  } else if (verdict.permanent) message.ack();
  else message.retry();
}

/** Whether the message has failed for good, and waits for the platform to give it up as well. */
function isUsedUp({ body, attempts }: CloudflareMessage): boolean {
  const { retry } = (body ?? {}) as Partial<TaskMessage>;
  return attempts > (retry?.attempts ?? Infinity);
}
