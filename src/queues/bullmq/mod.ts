/**
 * Durable tasks on BullMQ, which keeps them in Redis or Valkey, or in Postgres.
 *
 * Choose it when work must survive a crash, takes minutes, or burns CPU, and you run Redis or
 * Postgres anyway. Runs on Node, Bun and Deno.
 *
 * @example
 * ```ts
 * import { defineTask } from "@postlude/background-tasks";
 * import { bullmq, createWorker } from "@postlude/background-tasks/bullmq";
 *
 * const connection = "redis://127.0.0.1:6379";
 *
 * // tasks.ts, for the API and the worker
 * const queue = bullmq({ connection });
 * const sendEmail = defineTask(
 *   "send-email",
 *   { queue, retry: { attempts: 5 } },
 *   async ({ signal }, to: string) => {
 *     await fetch("https://mail.example.com", { method: "POST", body: to, signal });
 *   },
 * );
 *
 * // worker.ts, a process of its own
 * const startWorker = () => createWorker({ connection, tasks: [sendEmail] });
 * ```
 *
 * @module
 */

export type { AnyDefinedTask } from "../message_runner.ts";
export type { BullMQConnection } from "./connection.ts";
export type { BullMQJobOptions, JobOptions } from "./job.ts";
export { migrate, type MigrateOptions } from "./migrate.ts";
export type { PostgresAddress } from "./postgres_address.ts";
export { type TaskProcessor, taskProcessor } from "./processor.ts";
export type { BullMQQueue } from "./producer.ts";
export { bullmq, type BullMQQueueOptions } from "./queue.ts";
export type { RedisAddress, RedisClient } from "./redis_address.ts";
export type { TaskWorker } from "./running_worker.ts";
export { createWorker } from "./worker.ts";
export type { CreateWorkerOptions } from "./worker_options.ts";
