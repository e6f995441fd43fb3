import type { RedisClient } from "./redis_address.ts";

/**
 * Whether Redis will not have this client, has no such database, or shows a certificate that this
 * client does not trust: waiting does not help.
 *
 * @param error What it answered.
 */
export function isRefusal({ message }: Error): boolean {
  return /^(?:NOAUTH|WRONGPASS|NOPERM|ERR invalid password|ERR .*DB index|ERR SELECT is not)|certificate/
    .test(message);
}

/**
 * Waits for a connection, however long that takes.
 *
 * @param redis The connection.
 * @throws {Error} If it never will be up: it was closed, or Redis will not have this client.
 */
export function whenReady(redis: RedisClient): Promise<void> {
  if (redis.status === "ready") return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      redis.off("ready", ready).off("end", ended).off("error", failed);
      if (error === undefined) resolve();
      else reject(error);
    };
    const ready = (): void => settle();
    const ended = (): void => settle(new Error("the connection was closed"));
    const failed = (error: Error): void => {
      if (isRefusal(error)) settle(error);
    };
    redis.on("ready", ready).on("end", ended).on("error", failed);
  });
}
