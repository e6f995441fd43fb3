import { checkOptions, milliseconds } from "../../check/rules.ts";
import type { Broker } from "./broker.ts";
import {
  type BullMQConnection,
  checkConnection,
  CONNECTION_RULES,
  DEFAULT_QUEUE_NAME,
} from "./connection.ts";
import { checkJobOptions, type JobOptions } from "./job.ts";
import { PostgresBroker } from "./postgres_broker.ts";
import { type BullMQQueue, Producer } from "./producer.ts";
import { RedisBroker } from "./redis_broker.ts";

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
   * With the default a request fails within a second. Time that a task waits in this process,
   * because many requests come at once, does not count. Large messages get a second more for each
   * 2 MB.
   *
   * @default {800}
   */
  readonly timeout?: number;
  /**
   * BullMQ's own options of the jobs, such as `{ priority: 1 }`, or a function that makes them of a
   * message: `({ task }) => task === "report" ? { priority: 9 } : {}`.
   *
   * @default {done jobs are kept for an hour, 1,000 at most; failed jobs for a week, 5,000 at most}
   */
  readonly jobOptions?: JobOptions;
}

/** How long a request waits for a broker by default, so that it fails within a second. */
const DEFAULT_TIMEOUT = 800;

/**
 * Makes a queue of BullMQ, on Redis or Valkey or on Postgres.
 *
 * The queue connects with the first durable task. A request waits for the engine at most `timeout`
 * milliseconds, during an outage a quarter of a second. When the engine is back, the next request
 * finds it.
 *
 * Jobs that succeeded are kept for an hour (1,000 at most), jobs that failed for a week (5,000 at
 * most). An `idempotencyKey` is remembered for an hour from when its task may start, or until the task
 * has failed for good.
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
  checkOptions("bullmq option", options, {
    ...CONNECTION_RULES,
    timeout: milliseconds(1),
    jobOptions: undefined,
  });
  checkConnection(options);
  const { queueName = DEFAULT_QUEUE_NAME, timeout = DEFAULT_TIMEOUT } = options;
  const { jobOptions = {} } = options;
  checkJobOptions(jobOptions);
  const broker = createBroker(options, queueName, timeout);
  return new Producer(broker, queueName, timeout, jobOptions);
}

/**
 * Makes the producer's side of a broker. Nothing is connected before the first `open()`.
 *
 * @param address Where it is.
 * @param queueName The name of the queue.
 * @param timeout Milliseconds one connection attempt may take.
 * @returns The broker.
 */
export function createBroker(
  { connection, postgres, prefix }: BullMQConnection,
  queueName: string,
  timeout: number,
): Broker {
  return postgres === undefined
    ? new RedisBroker(connection, queueName, timeout, prefix)
    : new PostgresBroker(postgres, queueName, timeout);
}
