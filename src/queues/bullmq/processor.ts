import { DelayedError, type Job } from "bullmq";
import { checkKeys } from "../../check/check.ts";
import { type AnyDefinedTask, MessageRunner } from "../message_runner.ts";
import type { TaskMessage } from "../task_queue.ts";
import { inTraceOf } from "../trace_context.ts";
import { storedError } from "./stored_error.ts";
import type { CreateWorkerOptions } from "./worker_options.ts";

/** What BullMQ calls for each attempt. */
export type TaskProcessor = (job: Job, token?: string) => Promise<unknown>;

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
 * @param runner Runs the messages.
 * @returns The processor.
 */
export function processorOf(runner: MessageRunner): TaskProcessor {
  return async function processTask(job, token): Promise<unknown> {
    const body = bodyOf(job);
    const attempt = job.attemptsMade + 1;
    const verdict = await inTraceOf(body, () => runner.run({ body, attempt }));
    if (verdict.next === "done") return storedValue(verdict.value);
    if (verdict.next === "later") {
      await job.moveToDelayed(Date.now() + verdict.delay, token);
      throw new DelayedError();
    }
    throw storedError(verdict.error, verdict.next === "failed");
  };
}

/**
 * The message of a job. One of BullMQ's scheduler has the id of its job, because all of its jobs hold
 * the same message; and none has more attempts than its job, which BullMQ would end unheard.
 */
function bodyOf({ data, id, opts, repeatJobKey, timestamp }: Job): unknown {
  const { retry } = (data ?? {}) as Partial<TaskMessage>;
  if (retry === undefined) return data;
  const attempts = Math.min(retry.attempts, opts.attempts ?? 1);
  return {
    ...data,
    retry: { ...retry, attempts },
    ...(repeatJobKey !== undefined && { id, addedAt: timestamp }),
  };
}

/** What BullMQ stores of what a handler returned; `undefined` where that is not JSON. */
function storedValue(value: unknown): unknown {
  try {
    // of all escapes, the two that Postgres refuses: NUL, and half of a surrogate pair
    const json = JSON.stringify(value)
      .replace(/\\(?:u0000|ud...|.)/g, (code) => code[2] ? "\ufffd" : code);
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
