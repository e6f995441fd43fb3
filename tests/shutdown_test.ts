import { assertEquals, assertThrows } from "@std/assert";
import { drainOnShutdown } from "@postlude/background-tasks";
import process from "node:process";
import { noSignals, testUnless } from "./harness/left_out.ts";
import { test } from "./harness/test.ts";

test("drainOnShutdown() listens for SIGTERM and SIGINT, until it is told to stop", () => {
  const count = (): number[] =>
    ["SIGTERM", "SIGINT"].map((signal) => process.listenerCount(signal));
  const before = count();
  const forget = drainOnShutdown();
  assertEquals(
    count(),
    noSignals === undefined ? before.map((count) => count + 1) : before,
  );
  forget();
  assertEquals(count(), before);
});

testUnless(
  noSignals,
  "drainOnShutdown() listens for the signals it is given",
  () => {
    const before = process.listenerCount("SIGTERM");
    const forget = drainOnShutdown({ signals: ["SIGUSR2"] });
    assertEquals(process.listenerCount("SIGUSR2"), 1);
    assertEquals(process.listenerCount("SIGTERM"), before);
    forget();
  },
);

testUnless(
  noSignals,
  "drainOnShutdown() refuses a second call, until the first is forgotten",
  () => {
    const forget = drainOnShutdown();
    assertThrows(
      () => drainOnShutdown(),
      TypeError,
      "twice: write drainOnShutdown({ server: [one, another] })",
    );
    forget();
    drainOnShutdown()();
  },
);

test("drainOnShutdown() refuses wrong options, with the rule and the value", () => {
  const cases: [unknown, ErrorConstructor, string][] = [
    [{ serve: {} }, TypeError, "the shutdown options are server, timeout"],
    [{ server: {} }, TypeError, "Cannot stop server an object: write the"],
    [{ server: [() => {}, null] }, TypeError, "Cannot stop server null"],
    [{ timeout: -1 }, RangeError, "timeout -1"],
    [{ timeout: "9s" }, TypeError, 'timeout "9s"'],
    [{ signals: "SIGTERM" }, TypeError, 'signals "SIGTERM": write an array'],
    [{ signals: [] }, TypeError, "signals an array: write an array such as"],
    [{ signals: ["TERM"] }, RangeError, 'signal "TERM": write the name'],
    [{ signals: ["SIGKILL"] }, RangeError, 'signal "SIGKILL"'],
    [{ signals: [15] }, RangeError, "signal 15"],
  ];
  for (const [options, type, message] of cases) {
    assertThrows(() => drainOnShutdown(options as never), type, message);
  }
  drainOnShutdown()(); // none of them has left anything behind
});
