import { assertEquals } from "@std/assert";
import type { RedisClient } from "../../../src/queues/bullmq/redis_address.ts";
import { warnOfLoss } from "../../../src/queues/bullmq/redis_warnings.ts";
import { consoleLines } from "../../harness/console_lines.ts";
import { test } from "../../harness/test.ts";

const SAFE = "# Persistence\r\naof_enabled:1\r\nx:0\r\n";
const LOSES = "# Persistence\r\naof_enabled:0\r\nx:1\r\n";
const KEEPS = "maxmemory:0\r\nmaxmemory_policy:noeviction\r\n";
const EVICTS = "maxmemory:9\r\nmaxmemory_policy:allkeys-lru\r\n";

/** The warnings of a Redis that answers `INFO` so; with nothing, it refuses. */
function warnings(persistence?: string, memory?: string): Promise<string[]> {
  const answers: Record<string, string | undefined> = { persistence, memory };
  const info = (section: string): Promise<string> =>
    Promise.resolve(answers[section]).then((answer) => {
      if (answer === undefined) throw new Error("NOPERM");
      return answer;
    });
  return consoleLines("warn", () => warnOfLoss({ info } as RedisClient));
}

test("createWorker() warns of a Redis that keeps nothing on disk", async () => {
  const [line, ...rest] = await warnings(LOSES, KEEPS);
  assertEquals(line?.endsWith("set appendonly yes"), true);
  assertEquals(rest, []);
});

test("createWorker() warns of a Redis that throws keys away, naming its policy", async () => {
  const [line, ...rest] = await warnings(SAFE, EVICTS);
  assertEquals(line?.includes("runs with maxmemory-policy allkeys-lru"), true);
  assertEquals(line?.endsWith("set maxmemory-policy noeviction"), true);
  assertEquals(rest, []);
});

test("createWorker() warns of neither where Redis is safe, or does not tell", async () => {
  assertEquals(await warnings(SAFE, KEEPS), []);
  assertEquals(await warnings(), []);
  assertEquals((await warnings(LOSES, EVICTS)).length, 2);
});
