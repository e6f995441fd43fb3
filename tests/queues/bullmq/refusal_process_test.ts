/**
 * Starts no server; the tests outside of this folder run inside workerd too, where BullMQ cannot.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { freePort } from "../../harness/ports.ts";
import { test } from "../../harness/test.ts";

if (noBullMQ !== undefined) leaveOut("refusals of BullMQ's engines", noBullMQ);
else {
  const { Redis, ReplyError } = await import("ioredis");
  const { RedisBroker } = await import(
    "../../../src/queues/bullmq/redis_broker.ts"
  );
  const { PostgresBroker } = await import(
    "../../../src/queues/bullmq/postgres_broker.ts"
  );

  test("RedisBroker.refused() is certain of what was never sent, and of one message Redis refused", async () => {
    const broker = new RedisBroker({ port: await freePort() }, "q", 100);
    const redis = new Redis({ enableOfflineQueue: false, lazyConnect: true });
    const neverSent = await redis.ping().catch((error: unknown) => error);
    const reply = new ReplyError("OOM command not allowed");
    assertEquals([
      broker.refused(neverSent, 3),
      broker.refused(reply, 1),
      broker.refused(reply, 2), // a pipeline: the other one may be there
      broker.refused(new Error("Connection is closed."), 1),
      broker.refused(new Error("Command timed out"), 1),
    ], [true, true, false, false, false]);
    redis.disconnect();
  });

  test("PostgresBroker.refused() is certain where no connection came about, and of what was rolled back", async () => {
    const broker = new PostgresBroker({ port: await freePort() }, "q", 100);
    const failure = (message: string, more: object = {}): Error =>
      Object.assign(new Error(message), more);
    assertEquals([
      broker.refused(failure("no", { code: "ECONNREFUSED" })),
      broker.refused(failure("timeout exceeded when trying to connect")),
      broker.refused(
        failure("Cannot use a pool after calling end on the pool"),
      ),
      broker.refused(failure("no", { severity: "ERROR", code: "23505" })),
      broker.refused(failure("no", { severity: "FATAL", code: "57P01" })), // it is going down
      broker.refused(failure("no", { severity: "FATAL", code: "08P01" })), // a pooler has lost it
      broker.refused(failure("Connection terminated unexpectedly")),
      broker.refused(failure("Query read timeout")),
    ], [true, true, true, true, false, false, false, false]);
  });
}
