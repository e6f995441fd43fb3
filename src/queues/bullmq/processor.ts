import { DelayedError, type Job } from "bullmq";
import { checkKeys } from "../../check/check.ts";
import { type AnyDefinedTask, MessageRunner } from "../message_runner.ts";
import { storedError } from "./stored_error.ts";
import type { CreateWorkerOptions } from "./worker_options.ts";

/** What BullMQ calls for each attempt. */
export type TaskProcessor = (job: Job, token?: string) => Promise<void>;

/**
 * What BullMQ runs in a thread: the default export of the module that `createWorker({ file })` is
 * given.
 *
 * @example A module of tasks that burn CPU
 * ```ts
 * import { defineTask } from "@postlude/background-tasks";
 * import { bullmq, taskProcessor } from "@postlude/background-tasks/bullmq";
 *
 * const queue = bullmq({ connection: "redis://127.0.0.1:6379" });
 * const resize = defineTask("resize", { queue }, (_, imageId: string) => console.log(imageId));
 *
 * export default taskProcessor([resize]);
 * ```
 *
 * @param tasks The tasks the thread runs.
 * @param options The hook for what they throw, and observers, called in the thread.
 * @returns The processor.
 * @throws {TypeError} If a task was not made by `defineTask`, two have the same name, or an option
 * is unknown or of the wrong kind.
 */
export function taskProcessor(
  tasks: readonly AnyDefinedTask[],
  options: Pick<CreateWorkerOptions, "onTaskError" | "observers"> = {},
): TaskProcessor {
  checkKeys("task processor option", options, ["onTaskError", "observers"]);
  const { onTaskError, observers } = options;
  return processorOf(new MessageRunner(tasks, onTaskError, observers));
}

/**
 * What BullMQ runs for each attempt.
 *
 * @param runner Who runs the messages.
 * @returns The processor.
 */
export function processorOf(runner: MessageRunner): TaskProcessor {
  return async function processTask(job, token): Promise<void> {
    const verdict = await runner.run({
      body: job.data,
      attempt: job.attemptsMade + 1,
    });
    if (verdict.next === "done") return;
    if (verdict.next === "later") {
      await job.moveToDelayed(Date.now() + verdict.delay, token);
      throw new DelayedError();
    }
    throw storedError(verdict.error, verdict.next === "failed");
  };
}
