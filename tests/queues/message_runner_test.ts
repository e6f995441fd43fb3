import { assertEquals } from "@std/assert";
import { defineTask } from "@postlude/background-tasks";
import { memoryQueue } from "@postlude/background-tasks/testing";
import { MessageRunner } from "../../src/queues/message_runner.ts";
import { gate } from "../harness/gate.ts";
import { test } from "../harness/test.ts";
import { messageFor } from "./contract.ts";

test("MessageRunner.abandon() aborts what runs, and its verdict is still what the handler makes of it", async () => {
  const started = gate();
  const ends = gate();
  const task = defineTask(
    "contract",
    { queue: memoryQueue() },
    async ({ signal }) => {
      started.open();
      await ends.opened;
      return signal.reason;
    },
  );
  const runner = new MessageRunner([task]);
  const run = runner.run({ body: messageFor(1), attempt: 1 });
  await started.opened;
  runner.abandon("closing");
  ends.open();
  assertEquals(await run, { next: "done", value: "closing" });
});
