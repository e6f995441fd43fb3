import type { JobsOptions } from "bullmq";
import { checkKeys, describeValue, quote } from "../../check/check.ts";
import type { TaskMessage } from "../task_queue.ts";
import { withTrace } from "../trace_context.ts";

/** The options that the message sets, or by which this package finds the job again. */
const OWN = [
  "attempts",
  "backoff",
  "deduplication",
  "delay",
  "jobId",
  "parent",
  "repeat",
];

/** Options of BullMQ's jobs, but for those that a message has itself. */
export type BullMQJobOptions = Omit<
  JobsOptions,
  | "attempts"
  | "backoff"
  | "deduplication"
  | "delay"
  | "jobId"
  | "parent"
  | "repeat"
>;

/** The same options for every job, or a function that gives the options of a message. */
export type JobOptions =
  | BullMQJobOptions
  | ((message: TaskMessage) => BullMQJobOptions);

/** How long BullMQ remembers an `idempotencyKey`, from when its task may start. */
const KEY_TTL = 60 * 60_000;

/** The options of a job unless `jobOptions` says otherwise. */
const DEFAULTS: BullMQJobOptions = {
  removeOnComplete: { age: 3_600, count: 1_000 },
  removeOnFail: { age: 7 * 24 * 3_600, count: 5_000 },
  stackTraceLimit: 3, // the latest ones: BullMQ would write those of all attempts, each time
};

/**
 * Checks options of BullMQ's jobs.
 *
 * @param options The options as the user wrote them.
 * @throws {TypeError} If they are neither an object nor a function, or one is set by the message.
 */
export function checkJobOptions(options: unknown): void {
  if (typeof options === "function") return;
  checkKeys("job option", options, Object.keys(options ?? {})); // BullMQ knows which there are
  checkOwn(options as object);
}

function checkOwn(options: object): void {
  for (const key of OWN) {
    if (!(key in options)) continue;
    throw new TypeError(
      `Cannot use job option "${key}": the task says it; write retry on defineTask, or delay or ` +
        "idempotencyKey where it is added",
    );
  }
}

/** What BullMQ's `addBulk` takes for a message. */
export interface BullMQJob {
  readonly name: string;
  readonly data: TaskMessage;
  readonly opts: JobsOptions;
}

/**
 * The job of a message.
 *
 * @param message The message.
 * @param options The user's options of the jobs.
 * @returns The job.
 * @throws {TypeError} If the options of this message are none, or one is set by the message.
 */
export function jobOf(message: TaskMessage, options: JobOptions): BullMQJob {
  const { id, delay = 0, idempotencyKey, task } = message;
  return {
    name: task,
    data: withTrace(message),
    opts: {
      ...templateOf(message, options),
      jobId: id,
      ...(delay > 0 && { delay }),
      ...(idempotencyKey !== undefined && {
        // as JSON, a task and its key are not taken for another pair that reads the same when joined
        deduplication: {
          id: JSON.stringify([task, idempotencyKey]),
          ttl: delay + KEY_TTL,
        },
      }),
    },
  };
}

/**
 * The options that each job of a message has, also a job that a scheduler adds.
 *
 * @param message The message.
 * @param options What BullMQ is told beside it.
 * @returns BullMQ's options.
 */
export function templateOf(
  message: TaskMessage,
  options: JobOptions,
): Omit<JobsOptions, "jobId" | "delay" | "repeat" | "deduplication"> {
  return {
    ...DEFAULTS,
    ...optionsOf(message, options),
    attempts: message.retry.attempts,
    backoff: { type: "postlude" }, // the worker computes the delay, from the message
  };
}

function optionsOf(
  message: TaskMessage,
  options: JobOptions,
): BullMQJobOptions {
  if (typeof options !== "function") return options;
  const own: unknown = options(message);
  if (typeof own === "object" && own !== null && !("then" in own)) {
    checkOwn(own);
    return own;
  }
  throw new TypeError(
    `Cannot use the job options of task ${quote(message.task)}: they are ${
      describeValue(own)
    }; write a function that returns an object such as { priority: 1 }`,
  );
}
