import { assertEquals } from "@std/assert";
import { isRefusal } from "../../../src/queues/bullmq/redis_ready.ts";
import { test } from "../../harness/test.ts";

/** An answer of Redis, and whether it will not have this client, or has no such database. */
const ANSWERS: readonly [string, boolean][] = [
  ["NOPERM this user has no permissions to run the 'info' command", true],
  ["NOAUTH Authentication required.", true],
  ["WRONGPASS invalid username-password pair", true],
  ["ERR invalid password", true],
  ["ERR DB index is out of range", true],
  ["ERR SELECT is not allowed in cluster mode", true],
  ["self-signed certificate", true],
  ["unable to verify the first certificate", true],
  ["LOADING Redis is loading the dataset in memory", false],
  ["MISCONF Redis is configured to save RDB snapshots", false],
  ["ERR unknown command 'x', with NOPERM behind it", false],
];

test("isRefusal() tells a Redis for which waiting does not help", () => {
  assertEquals(
    ANSWERS.map(([message]) => [message, isRefusal(new Error(message))]),
    ANSWERS.map((answer) => [...answer]),
  );
});
