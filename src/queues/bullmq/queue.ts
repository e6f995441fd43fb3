import type { Queue, RepeatOptions } from "bullmq";
import { checkKeys } from "../../check/check.ts";
import { checkMilliseconds } from "../../check/check_number.ts";
import { TaskEnqueueError } from "../../check/errors.ts";
import { isInTime } from "../../check/in_time.ts";
import type { DefinedTask } from "../../define_task.ts";
import { messageFor } from "../enqueue.ts";
import type {
  TaskMessage,
  TaskQueue,
  TaskQueueSupport,
} from "../task_queue.ts";
import { type Broker, createBroker } from "./broker.ts";
import { causeOf } from "./cause.ts";
import {
  type BullMQConnection,
  checkConnection,
  CONNECTION_KEYS,
  DEFAULT_QUEUE_NAME,
} from "./connection.ts";
import { HandOver, Late, Stuck } from "./hand_over.ts";
import {
  type BullMQJob,
  checkJobOptions,
  jobOf,
  type JobOptions,
  templateOf,
} from "./job.ts";

/** Options of {@linkcode bullmq} beside where the engine is. */
export interface BullMQQueueOptions {
  /**
   * The name of BullMQ's queue. A worker of the same name runs its tasks.
   *
   * @default {"background-tasks"}
   */
  readonly queueName?: string;
  /**
   * Milliseconds the engine may take until it has the tasks of a request. An integer, at least 1.
   *
   * The default leaves a request that fails the rest of a second. What waits in this process, because
   * many requests come at once, is not the engine's time; and large messages get more of it, a second
   * for each 4 MB.
   *
   * @default {800}
   */
  readonly timeout?: number;
  /**
   * BullMQ's own options of the jobs, such as `{ priority: 1 }`, or a function that makes them of a
   * message: `({ task }) => task === "report" ? { priority: 9 } : {}`.
   *
   * @default {{ removeOnComplete: { age: 3_600, count: 1_000 }, removeOnFail: { age: 604_800, count: 5_000 }, stackTraceLimit: 3 }}
   */
  readonly jobOptions?: JobOptions;
}

/** A queue of BullMQ. */
export interface BullMQQueue extends TaskQueue {
  /** The name of BullMQ's queue. */
  readonly queueName: string;
  /**
   * BullMQ's own queue, for whatever this package does not do; connects if it has to.
   *
   * @throws {Error} If the engine cannot be reached within `timeout`.
   */
  client(): Promise<Queue>;
  /**
   * Adds a task again and again, by BullMQ's job scheduler: replaces the one of that name. Each run
   * has an id of its own, and the options of `defineTask`. `(await queue.client())
   * .removeJobScheduler(name)` ends it.
   *
   * @param name The name of the scheduler.
   * @param repeat When, as BullMQ takes it: `{ pattern: "0 6 * * *", tz: "Europe/Berlin" }`, or
   * `{ every: 60_000 }`.
   * @param task The task.
   * @param args Its arguments, the same for each run.
   * @throws {TypeError} If the task has another queue, or an argument is not JSON.
   * @throws {TaskEnqueueError} If the engine cannot be reached, refuses, or does not answer in time.
   */
  schedule<Args extends readonly unknown[]>(
    name: string,
    repeat: Omit<RepeatOptions, "key">,
    task: DefinedTask<Args>,
    ...args: Args
  ): Promise<void>;
}

/** How long a request waits for a broker where nobody said otherwise: it is to fail within a second. */
const DEFAULT_TIMEOUT = 800;
/** How long a request waits for a broker that was away when the one before it asked. */
const OUTAGE_PATIENCE = 250;
/** The share of its time that the engine has in any case, however long connecting took. */
const LEAST_SHARE = 0.25;

/**
 * A queue of BullMQ, on Redis or Valkey or on Postgres.
 *
 * Connects with the first durable task. A request waits for the engine at most `timeout`
 * milliseconds, during an outage a quarter of a second; when the engine is back, the next request
 * finds it.
 *
 * Jobs that succeeded are kept for an hour (1,000 at most), jobs that failed for a week (5,000 at
 * most). An `idempotencyKey` is remembered for an hour, or until its task has failed for good.
 *
 * @example A mail that survives a crash
 * ```ts
 * import { defineTask } from "@postlude/background-tasks";
 * import { bullmq } from "@postlude/background-tasks/bullmq";
 *
 * const queue = bullmq({ connection: "redis://127.0.0.1:6379" });
 * export const sendEmail = defineTask(
 *   "send-email",
 *   { queue, retry: { attempts: 5 } },
 *   async (_, to: string) => {
 *     await fetch("https://mail.example.com", { method: "POST", body: to });
 *   },
 * );
 * ```
 *
 * @param options Where the engine is, and how long to wait for it.
 * @returns The queue.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If the timeout is out of range.
 */
export function bullmq(
  options: BullMQConnection & BullMQQueueOptions,
): BullMQQueue {
  checkKeys("bullmq option", options, [
    ...CONNECTION_KEYS,
    "queueName",
    "timeout",
    "jobOptions",
  ]);
  checkConnection(options);
  const { queueName = DEFAULT_QUEUE_NAME, timeout = DEFAULT_TIMEOUT } = options;
  const { jobOptions = {} } = options;
  checkMilliseconds("timeout", timeout, 1);
  checkJobOptions(jobOptions);
  const broker = createBroker(options, queueName, timeout);
  return new Producer(broker, queueName, timeout, jobOptions);
}

class Producer implements BullMQQueue {
  readonly name: string;
  readonly queueName: string;
  readonly supports: TaskQueueSupport = {
    idempotencyKey: true,
    maxDelay: 365 * 24 * 3_600_000,
    maxBytes: 100 * 2 ** 20,
  };
  readonly #broker: Broker;
  readonly #timeout: number;
  readonly #options: JobOptions;
  readonly #handOver: HandOver;
  #away = false;

  constructor(
    broker: Broker,
    queueName: string,
    timeout: number,
    options: JobOptions,
  ) {
    this.name = broker.name;
    this.queueName = queueName;
    this.#broker = broker;
    this.#timeout = timeout;
    this.#options = options;
    this.#handOver = new HandOver(broker);
  }

  async client(): Promise<Queue> {
    try {
      return await within(this.#timeout, this.#broker.open());
    } catch (error) {
      const cause = this.#whyAway(error);
      const why = causeOf(cause).message;
      throw new Error(`Cannot reach ${this.name}: ${why}`, { cause });
    }
  }

  async enqueue(messages: readonly TaskMessage[]): Promise<void> {
    const [first] = messages;
    if (first === undefined) return;
    const jobs = this.#jobsOf(messages);
    const start = performance.now();
    const queue = await this.#open(first.task);
    const left = this.#timeout - (performance.now() - start);
    const timeout = Math.max(left, this.#timeout * LEAST_SHARE);
    try {
      await this.#handOver.give(queue, jobs, timeout);
    } catch (cause) {
      throw this.#errorOf(first.task, cause, messages.length);
    }
  }

  async schedule<Args extends readonly unknown[]>(
    name: string,
    repeat: Omit<RepeatOptions, "key">,
    task: DefinedTask<Args>,
    ...args: Args
  ): Promise<void> {
    const { message, queue: own } = messageFor(task, args, {});
    if (own !== this) {
      throw new TypeError(
        `Cannot schedule task "${task.name}": it has another queue; write schedule() of that`,
      );
    }
    const opts = templateOf(message, this.#options);
    const queue = await this.#open(task.name);
    try {
      // each run has the id of its job in place of this message's
      const template = { name: task.name, data: message, opts };
      const added = queue.upsertJobScheduler(name, repeat, template);
      await within(this.#timeout, added);
    } catch (cause) {
      throw this.#errorOf(task.name, cause, 1);
    }
  }

  close(): Promise<void> {
    return this.#broker.close();
  }

  #jobsOf(messages: readonly TaskMessage[]): BullMQJob[] {
    try {
      return messages.map((message) => jobOf(message, this.#options));
    } catch (cause) {
      const task = messages[0]?.task ?? "";
      throw this.#error(task, "not-queued", "jobOptions failed", cause);
    }
  }

  async #open(task: string): Promise<Queue> {
    const patience = this.#away
      ? Math.min(OUTAGE_PATIENCE, this.#timeout)
      : this.#timeout;
    try {
      const queue = await within(patience, this.#broker.open());
      this.#away = false;
      return queue;
    } catch (error) {
      this.#away = true;
      const cause = this.#whyAway(error);
      throw this.#error(task, "not-queued", "it cannot be reached", cause);
    }
  }

  #whyAway(error: unknown): unknown {
    return error instanceof Late ? this.#broker.problem ?? error : error;
  }

  #errorOf(task: string, cause: unknown, messages: number): TaskEnqueueError {
    if (cause instanceof Stuck) {
      return this.#error(task, "not-queued", "it stands still", cause);
    }
    if (cause instanceof Late) {
      return this.#error(task, "unknown", "it did not answer in time", cause);
    }
    if (this.#broker.refused(cause, messages)) {
      return this.#error(task, "not-queued", "it refused", cause);
    }
    const reason = this.#broker.answered(cause)
      ? "it refused all of the batch, or a part of it"
      : "the connection was lost before it answered";
    return this.#error(task, "unknown", reason, cause);
  }

  #error(
    task: string,
    outcome: "not-queued" | "unknown",
    reason: string,
    cause: unknown,
  ): TaskEnqueueError {
    const text = `${reason} (${causeOf(cause).message})`;
    return new TaskEnqueueError(task, this.name, outcome, text, { cause });
  }
}

async function within<Value>(
  milliseconds: number,
  promise: Promise<Value>,
): Promise<Value> {
  if (await isInTime(promise, milliseconds)) return promise;
  throw new Late(`no answer within ${Math.round(milliseconds)} ms`);
}
