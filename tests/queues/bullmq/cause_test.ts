import { assertEquals } from "@std/assert";
import { SchemaMigrationRequiredError } from "bullmq";
import { causeOf } from "../../../src/queues/bullmq/cause.ts";
import { test } from "../../harness/test.ts";

test("causeOf() tells the reason of a host with several addresses by its first one", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED ::1:1"), {
    code: "ECONNREFUSED",
  });
  const other = new Error("connect ETIMEDOUT 127.0.0.1:1");
  assertEquals(causeOf(new AggregateError([refused, other])), {
    code: "ECONNREFUSED",
    message: "connect ECONNREFUSED ::1:1",
  });
  assertEquals(causeOf(new AggregateError([refused], "no address answers")), {
    code: "ECONNREFUSED",
    message: "no address answers",
  });
});

test("causeOf() has a text for an error without one", () => {
  const mute = Object.assign(new Error(""), { code: "57P03" });
  assertEquals(causeOf(mute), { code: "57P03", message: "57P03" });
  assertEquals(causeOf(new TypeError("")).message, "TypeError");
  assertEquals(causeOf(new AggregateError([])).message, "AggregateError");
  assertEquals(causeOf("gone"), { code: undefined, message: "gone" });
});

test("causeOf() says what to write where a pooler, a cluster or BullMQ does not", () => {
  const missing = Object.assign(new Error("function move() does not exist"), {
    code: "42883",
  });
  const cluster =
    'write connection: new Cluster([…]), of ioredis, and prefix: "{jobs}"';
  const migrate = "run await migrate({ postgres })";
  const ends = [migrate, migrate, cluster, cluster];
  const errors = [
    missing,
    new SchemaMigrationRequiredError("bullmq"),
    new Error("CROSSSLOT Keys do not hash"),
    new Error("MOVED 9631 127.0.0.1:6379"),
  ];
  assertEquals(
    errors.map((error, index) => causeOf(error).message.endsWith(ends[index]!)),
    [true, true, true, true],
  );
});

test("causeOf() has a text for what nobody can look at", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const trap = Object.defineProperty(new TypeError(), "message", {
    get: () => {
      throw new Error("no message to read");
    },
  });
  for (const thrown of [proxy, trap, Object.create(null)]) {
    assertEquals(causeOf(thrown), {
      code: undefined,
      message: "an error that has no text",
    });
  }
  const withTrap = Object.defineProperty(new Error("no"), "code", {
    get: () => {
      throw new Error("no code to read");
    },
  });
  assertEquals(causeOf(withTrap).message, "Error: no");
});
