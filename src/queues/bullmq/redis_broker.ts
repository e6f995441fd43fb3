import { Queue } from "bullmq";
import { Redis } from "ioredis";
import type { Broker } from "./broker.ts";
import type { RedisAddress } from "./connection.ts";
import { whenReady } from "./redis_ready.ts";

/**
 * Redis as a producer needs it: no command waits for a connection, and none is sent a second time.
 *
 * BullMQ's own connection waits for ever where Redis was never up, and never recovers where it is
 * told not to wait. So the connection is made here, and BullMQ's queue only on one that is up.
 */
export class RedisBroker implements Broker {
  readonly name = "BullMQ on Redis";
  problem: Error | undefined = undefined;
  readonly #address: string | RedisAddress;
  readonly #queueName: string;
  readonly #timeout: number;
  #redis: Redis | undefined = undefined;
  #opening: Promise<Queue> | undefined = undefined;
  #queue: Queue | undefined = undefined;

  constructor(
    address: string | RedisAddress,
    queueName: string,
    timeout: number,
  ) {
    this.#address = address;
    this.#queueName = queueName;
    this.#timeout = timeout;
  }

  open(): Promise<Queue> {
    if (this.#queue !== undefined && this.#redis?.status === "ready") {
      return Promise.resolve(this.#queue);
    }
    return this.#opening ??= this.#open().finally(() =>
      this.#opening = undefined
    );
  }

  refused(error: unknown, messages: number): boolean {
    const { name, message } = error as Error;
    // A batch is a pipeline: one of several messages may be refused alone.
    return message.startsWith("Stream isn't writeable") ||
      (name === "ReplyError" && messages === 1);
  }

  discard(queue: Queue): void {
    if (queue !== this.#queue) return;
    this.#redis?.disconnect();
    this.#redis = undefined;
    this.#queue = undefined;
    this.#opening = undefined;
  }

  async close(): Promise<void> {
    const redis = this.#redis;
    this.#redis = undefined;
    this.#queue = undefined;
    this.#opening = undefined;
    if (redis?.status === "ready") await redis.quit().catch(() => {});
    redis?.disconnect();
  }

  async #open(): Promise<Queue> {
    const redis = this.#redis ??= this.#connect();
    await whenReady(redis);
    this.problem = undefined;
    if (this.#queue !== undefined) return this.#queue;
    const queue = new Queue(this.#queueName, {
      connection: redis,
      skipWaitingForReady: true,
      skipMetasUpdate: true,
      skipVersionCheck: true,
    });
    queue.on("error", () => {}); // the connection says so itself
    await queue.waitUntilReady();
    return this.#queue = queue;
  }

  #connect(): Redis {
    const options = {
      autoResendUnfulfilledCommands: false,
      commandTimeout: this.#timeout,
      connectTimeout: this.#timeout,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (times: number) => Math.min(50 * times, 500),
    };
    const redis = typeof this.#address === "string"
      ? new Redis(this.#address, options)
      : new Redis({ ...this.#address, ...options });
    redis.on("error", (error) => this.problem = error);
    return redis;
  }
}
