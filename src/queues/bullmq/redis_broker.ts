import { Queue } from "bullmq";
import { isInTime } from "../../task/in_time.ts";
import type { Broker } from "./broker.ts";
import {
  connectToRedis,
  type RedisAddress,
  type RedisClient,
} from "./redis_address.ts";
import { isRefusal, whenReady } from "./redis_ready.ts";

/**
 * A command that nobody waits for any longer is forgotten after this many milliseconds. A hand-over
 * has a clock of its own, which does not count what this process was busy with.
 */
const FORGOTTEN = 60_000;

/**
 * Redis as a producer needs it: no command waits for a connection, and none is sent a second time.
 *
 * BullMQ's own connection waits for ever where Redis was never up, and never recovers where it is
 * told not to wait. So the connection is made here, and BullMQ's queue only on one that is up.
 */
export class RedisBroker implements Broker {
  readonly name = "BullMQ on Redis";
  readonly places = 100;
  readonly isAtomic = false;
  problem: Error | undefined = undefined;
  readonly #address: string | URL | RedisAddress | RedisClient;
  readonly #queueName: string;
  readonly #timeout: number;
  readonly #prefix: string | undefined;
  #redis: RedisClient | undefined = undefined;
  #opening: Promise<Queue> | undefined = undefined;
  #queue: Queue | undefined = undefined;

  constructor(
    address: string | URL | RedisAddress | RedisClient,
    queueName: string,
    timeout: number,
    prefix?: string,
  ) {
    this.#address = address;
    this.#queueName = queueName;
    this.#timeout = timeout;
    this.#prefix = prefix;
  }

  open(): Promise<Queue> {
    if (this.#queue !== undefined && this.#redis?.status === "ready") {
      return Promise.resolve(this.#queue);
    }
    if (this.#opening !== undefined) return this.#opening;
    const opening = this.#open().finally(() => {
      if (this.#opening === opening) this.#opening = undefined;
    });
    return this.#opening = opening;
  }

  answered(error: unknown): boolean {
    return (error as Error).name === "ReplyError";
  }

  refused(error: unknown, messages: number): boolean {
    const { message } = error as Error;
    // A batch is a pipeline: one of several messages may be refused alone.
    return message.startsWith("Stream isn't writeable") ||
      (this.answered(error) && messages === 1);
  }

  discard(queue: Queue): void {
    if (queue === this.#queue) this.#forget()?.disconnect();
  }

  async close(): Promise<void> {
    const redis = this.#forget();
    if (redis?.status === "ready") {
      await isInTime(redis.quit().catch(() => {}), this.#timeout);
    }
    redis?.disconnect();
  }

  #forget(): RedisClient | undefined {
    const redis = this.#redis;
    this.#redis = this.#queue = this.#opening = undefined;
    return redis;
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
      ...(this.#prefix !== undefined && { prefix: this.#prefix }),
    });
    queue.on("error", () => {}); // the connection says so itself
    await queue.waitUntilReady();
    if (this.#redis === redis) this.#queue = queue;
    return queue;
  }

  #connect(): RedisClient {
    const redis = connectToRedis(this.#address, {
      autoResendUnfulfilledCommands: false,
      commandTimeout: FORGOTTEN,
      connectTimeout: this.#timeout,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
    });
    redis.on("error", (error: Error) => {
      this.problem = error;
      if (!isRefusal(error)) return;
      // such as a database there is none of any more: ioredis would go on in database 0
      if (this.#redis === redis) this.#forget();
      redis.disconnect();
    });
    renewWhereNobodyAnswers(redis, this.#timeout);
    return redis;
  }
}

/** Makes another connection where one is up, and nobody answers on it. */
function renewWhereNobodyAnswers(redis: RedisClient, timeout: number): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => clearTimeout(timer);
  redis.on("ready", stop).on("close", stop).on("connect", () => {
    stop();
    timer = setTimeout(() => redis.disconnect(true), timeout);
  });
}
