import { assert, assertEquals } from "@std/assert";
import { isWorthRetry, retryDelay } from "../../src/task/retry.ts";
import { consoleLines } from "../harness/console_lines.ts";
import { test } from "../harness/test.ts";

test("retryDelay() grows by the factor up to maxDelay, without jitter exactly", () => {
  const retry = {
    attempts: 9,
    delay: 100,
    factor: 3,
    maxDelay: 1_000,
    jitter: 0,
  };
  const delays = [1, 2, 3, 4].map((attempt) => retryDelay(retry, attempt));
  assertEquals(delays, [100, 300, 900, 1_000]);
});

test("retryDelay() takes the share of the jitter away at most", () => {
  const retry = { attempts: 9, delay: 1_000, jitter: 0.25 };
  for (let i = 0; i < 1_000; i++) {
    const delay = retryDelay(retry, 1);
    assert(delay >= 750 && delay <= 1_000, `${delay}`);
  }
});

test("retryDelay() of delay 0 is 0, whatever the attempt", () => {
  assertEquals(retryDelay({ attempts: 3, delay: 0 }, 1_000), 0);
});

test("isWorthRetry() asks `when` only while attempts are left", () => {
  const asked: unknown[] = [];
  const retry = {
    attempts: 2,
    when: (error: unknown) => asked.push(error) > 0,
  };
  assertEquals(isWorthRetry(retry, 1, "first"), true);
  assertEquals(isWorthRetry(retry, 2, "second"), false);
  assertEquals(asked, ["first"]);
});

test("isWorthRetry() takes a `when` that throws for a no, and says so", async () => {
  const when = (): never => {
    throw new Error("broken");
  };
  const lines = await consoleLines("error", () => {
    assertEquals(isWorthRetry({ attempts: 2, when }, 1, "error"), false);
  });
  assertEquals(lines.length, 1);
});
