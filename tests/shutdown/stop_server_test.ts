import { assertEquals } from "@std/assert";
import { EventEmitter } from "node:events";
import { prepareStop } from "../../src/shutdown/stop_server.ts";
import { gate } from "../harness/gate.ts";
import { until } from "../harness/until.ts";
import { test } from "../harness/test.ts";

test("prepareStop() awaits the close() of an emitter that is no server", async () => {
  const events: unknown[] = [];
  const closed = gate();
  const worker = Object.assign(new EventEmitter(), { // as BullMQ's is
    async close(force?: unknown): Promise<void> {
      events.push(["close", force]);
      await closed.opened;
      events.push("closed");
    },
  });
  const stopped = prepareStop(worker)().then(() => events.push("stopped"));
  await until(() => events.length > 0);
  assertEquals(events, [["close", undefined]]);
  closed.open();
  await stopped;
  assertEquals(events, [["close", undefined], "closed", "stopped"]);
});
