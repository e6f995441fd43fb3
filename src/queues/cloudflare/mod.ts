/**
 * Durable tasks on Cloudflare Queues, the engine that is native to Workers.
 *
 * Choose it when your app runs on Workers, and work must survive its end or take minutes.
 *
 * @example
 * ```ts
 * import { defineTask } from "@postlude/background-tasks";
 * import {
 *   cloudflareQueue,
 *   type CloudflareQueueBinding,
 *   queueHandler,
 * } from "@postlude/background-tasks/cloudflare-queues";
 *
 * const queue = cloudflareQueue((env: { TASKS: CloudflareQueueBinding }) => env.TASKS);
 * const sendEmail = defineTask("send-email", { queue }, (_, to: string) => console.log(to));
 *
 * const worker = { queue: queueHandler([sendEmail]) }; // beside `fetch`, in the default export
 * ```
 *
 * @module
 */

export type { AnyDefinedTask } from "../message_runner.ts";
export { cloudflareQueue } from "./queue.ts";
export { queueHandler, type QueueHandlerOptions } from "./queue_handler.ts";
export type {
  CloudflareMessage,
  CloudflareMessageBatch,
  CloudflareQueueBinding,
} from "./types.ts";
