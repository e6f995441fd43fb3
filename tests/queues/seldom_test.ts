import { assertEquals } from "@std/assert";
import { MessageRunner } from "../../src/queues/message_runner.ts";
import { SeldomLines } from "../../src/queues/seldom.ts";
import { consoleLines } from "../harness/console_lines.ts";
import { test } from "../harness/test.ts";

test("SeldomLines writes one line a minute for each name, and what it left out", async () => {
  let now = 5;
  const seldom = new SeldomLines(() => now);
  const lines = await consoleLines("error", () => {
    for (let job = 0; job < 2_000; job++) seldom.write("a", "a is unknown");
    seldom.write("b", "b is unknown");
    now += 59_999;
    seldom.write("a", "a is unknown");
    now += 1;
    seldom.write("a", "a is unknown");
  });
  assertEquals(lines, [
    "a is unknown",
    "b is unknown",
    "Durable tasks: 2000 more lines like these were left out",
    "a is unknown",
  ]);
});

test("SeldomLines writes 1,000 lines a minute at most, whatever the names", async () => {
  const seldom = new SeldomLines(() => 0);
  const lines = await consoleLines("error", () => {
    for (let job = 0; job < 5_000; job++) seldom.write(`${job}`, "unknown");
  });
  assertEquals(lines.length, 1_000);
});

test("MessageRunner names a task that it does not know once, for 2,000 messages of it, on one line", async () => {
  const runner = new MessageRunner([]);
  const lines = await consoleLines("error", async () => {
    for (let id = 0; id < 2_000; id++) {
      const verdict = await runner.run({
        body: {
          version: 1,
          id: `${id}`,
          task: "renamed\nforged\x1b[2J",
          args: [],
          retry: { attempts: 1 },
        },
        attempt: 1,
      });
      assertEquals(verdict.next, "later");
    }
  });
  assertEquals(lines, [
    'Cannot run task "renamed\\nforged\\u001b[2J": this worker does not know it; it is left for another one',
  ]);
});
