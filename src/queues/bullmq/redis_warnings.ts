import type { RedisClient } from "./redis_address.ts";

/**
 * Warns about a Redis that loses tasks: one that keeps nothing on disk, or throws keys away when
 * its memory is full.
 *
 * @param redis A connection that is up. What it does not tell (a managed Redis hides its
 * configuration) is not warned about.
 */
export async function warnOfLoss(redis: RedisClient): Promise<void> {
  const persistence = await redis.info("persistence").catch(() => "");
  if (/^aof_enabled:0\r?$/m.test(persistence)) {
    console.warn(
      "Durable tasks: Redis runs with appendonly no, so a crash of Redis loses tasks it has " +
        "acknowledged; set appendonly yes",
    );
  }
  const memory = await redis.info("memory").catch(() => "");
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
  if (policy !== undefined && policy !== "noeviction") {
    console.warn(
      `Durable tasks: Redis runs with maxmemory-policy ${policy}, so it may throw tasks away when ` +
        "its memory is full; set maxmemory-policy noeviction",
    );
  }
}
