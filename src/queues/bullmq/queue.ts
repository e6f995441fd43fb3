import type { JobsOptions, Queue } from "bullmq";
import { checkKeys } from "../../check/check.ts";
import { checkMilliseconds } from "../../check/check_number.ts";
import { TaskEnqueueError } from "../../check/errors.ts";
import { isInTime } from "../../task/in_time.ts";
import { reasonOf } from "../../check/thrown.ts";
import type {
  TaskMessage,
  TaskQueue,
  TaskQueueSupport,
} from "../task_queue.ts";
import { type Broker, createBroker } from "./broker.ts";
import {
  type BullMQConnection,
  checkConnection,
  checkQueueName,
  DEFAULT_QUEUE_NAME,
} from "./connection.ts";
import { isDemoted } from "./redis_failover.ts";

/** Options of {@linkcode bullmq} beside where the engine is. */
export interface BullMQQueueOptions {
  /**
   * The name of BullMQ's queue. A worker of the same name runs its tasks.
   *
   * @default {"background-tasks"}
   */
  readonly queueName?: string;
  /**
   * Milliseconds a request waits at most until the engine has its tasks. An integer, at least 1.
   *
   * The default leaves a request that fails the rest of a second.
   *
   * @default {800}
   */
  readonly timeout?: number;
}

/** A queue of BullMQ. */
export interface BullMQQueue extends TaskQueue {
  /** The name of BullMQ's queue. */
  readonly queueName: string;
  /** BullMQ's own queue, for whatever this package does not do; connects if it has to. */
  client(): Promise<Queue>;
}

/** How long a request waits for a broker where nobody said otherwise: it is to fail within a second. */
const DEFAULT_TIMEOUT = 800;
/** How long a request waits for a broker that was away when the one before it asked. */
const OUTAGE_PATIENCE = 250;
/** How long BullMQ remembers an `idempotencyKey`. */
const KEY_TTL = 60 * 60_000;

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
    "connection",
    "postgres",
    "queueName",
    "timeout",
  ]);
  checkConnection(options);
  const { queueName = DEFAULT_QUEUE_NAME, timeout = DEFAULT_TIMEOUT } = options;
  checkQueueName(queueName);
  checkMilliseconds("timeout", timeout, 1);
  return new Producer(
    createBroker(options, queueName, timeout),
    queueName,
    timeout,
  );
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
  #away = false;
  #answers = 0;

  constructor(broker: Broker, queueName: string, timeout: number) {
    this.name = broker.name;
    this.queueName = queueName;
    this.#broker = broker;
    this.#timeout = timeout;
  }

  client(): Promise<Queue> {
    return this.#broker.open();
  }

  async enqueue(messages: readonly TaskMessage[]): Promise<void> {
    const [first] = messages;
    if (first === undefined) return;
    const start = performance.now();
    const queue = await this.#open(first.task);
    const answers = this.#answers;
    try {
      const left = this.#timeout - (performance.now() - start);
      await within(left, queue.addBulk(messages.map(jobOf)));
      this.#answers++;
    } catch (cause) {
      const refused = this.#broker.refused(cause, messages.length);
      // Nobody was answered meanwhile: the connection may be dead without anybody having said so.
      const isDead = !refused && answers === this.#answers;
      if (isDead || isDemoted(cause as Error)) this.#broker.discard(queue);
      throw this.#error(
        first.task,
        refused ? "not-queued" : "unknown",
        refused ? "it refused" : "it did not answer in time",
        cause,
      );
    }
  }

  close(): Promise<void> {
    return this.#broker.close();
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
      const cause = error instanceof Late
        ? this.#broker.problem ?? error
        : error;
      throw this.#error(task, "not-queued", "it cannot be reached", cause);
    }
  }

  #error(
    task: string,
    outcome: "not-queued" | "unknown",
    reason: string,
    cause: unknown,
  ): TaskEnqueueError {
    // one of a host with several addresses has no message of its own
    const told = cause instanceof AggregateError ? cause.errors[0] : cause;
    return new TaskEnqueueError(
      task,
      this.name,
      outcome,
      `${reason} (${reasonOf(told)})`,
      { cause },
    );
  }
}

/** The error of a wait that was too long. */
class Late extends Error {}

async function within<Value>(
  milliseconds: number,
  promise: Promise<Value>,
): Promise<Value> {
  if (await isInTime(promise, milliseconds)) return promise;
  throw new Late(`no answer within ${Math.round(milliseconds)} ms`);
}

function jobOf(
  message: TaskMessage,
): { name: string; data: TaskMessage; opts: JobsOptions } {
  const { id, task, retry, delay, idempotencyKey } = message;
  return {
    name: task,
    data: message,
    opts: {
      jobId: id,
      attempts: retry.attempts,
      backoff: { type: "postlude" }, // the worker computes the delay, from the message
      removeOnComplete: { age: 3_600, count: 1_000 },
      removeOnFail: { age: 7 * 24 * 3_600, count: 5_000 },
      ...(delay !== undefined && { delay }),
      ...(idempotencyKey !== undefined && {
        // as JSON, a task and its key are not taken for another pair that reads the same when joined
        deduplication: {
          id: JSON.stringify([task, idempotencyKey]),
          ttl: KEY_TTL,
        },
      }),
    },
  };
}
