import type { Queue, RepeatOptions } from "bullmq";
import { quote } from "../../check/check.ts";
import { TaskEnqueueError } from "../../check/errors.ts";
import { isInTime } from "../../task/in_time.ts";
import type { DefinedTask } from "../../task/definition.ts";
import { messageFor } from "../addressed.ts";
import type {
  TaskMessage,
  TaskQueue,
  TaskQueueSupport,
} from "../task_queue.ts";
import type { Broker } from "./broker.ts";
import { causeOf } from "./cause.ts";
import { HandOver, Late, NotAsked } from "./hand_over.ts";
import { type BullMQJob, jobOf, type JobOptions, templateOf } from "./job.ts";

/** How long a request waits for a broker that was away when the one before it asked. */
const OUTAGE_PATIENCE = 250;
/** The share of its time that the engine has in any case, however long connecting took. */
const LEAST_SHARE = 0.25;

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

/** What stands behind {@linkcode BullMQQueue}. */
export class Producer implements BullMQQueue {
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
  /** What is being handed over, for which `close()` waits. */
  readonly #given = new Set<Promise<void>>();
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

  enqueue(messages: readonly TaskMessage[]): Promise<void> {
    const run = this.#enqueue(messages).finally(() => this.#given.delete(run));
    this.#given.add(run);
    return run;
  }

  async #enqueue(messages: readonly TaskMessage[]): Promise<void> {
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
        `Cannot schedule task ${
          quote(task.name)
        }: it has another queue; write schedule() of that`,
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

  async close(): Promise<void> {
    await isInTime(Promise.allSettled(this.#given), this.#timeout);
    await this.#broker.close();
  }

  #jobsOf(messages: readonly TaskMessage[]): BullMQJob[] {
    try {
      return messages.map((message) => jobOf(message, this.#options));
    } catch (cause) {
      const { task } = messages[0]!;
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
    if (cause instanceof Late) {
      return this.#error(task, "unknown", "it did not answer in time", cause);
    }
    if (cause instanceof NotAsked || this.#broker.refused(cause, messages)) {
      return this.#error(task, "not-queued", "it has none of it", cause);
    }
    const reason = "it did not acknowledge all of it";
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
