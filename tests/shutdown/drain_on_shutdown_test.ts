import { assertEquals, assertThrows } from "@std/assert";
import { drainOnShutdown } from "@postlude/background-tasks";
import { constants } from "node:os";
import process from "node:process";
import { processWork } from "../../src/runner/process_work.ts";
import { gate } from "../harness/gate.ts";
import { noSignals, testUnless } from "../harness/left_out.ts";
import { test } from "../harness/test.ts";
import { withGlobal } from "../harness/with_global.ts";

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
    // not SIGUSR2, for which Node listens too, from version 24 on
    const forget = drainOnShutdown({ signals: ["SIGWINCH"] });
    assertEquals(process.listenerCount("SIGWINCH"), 1);
    assertEquals(process.listenerCount("SIGTERM"), before);
    forget();
  },
);

testUnless(
  noSignals,
  "drainOnShutdown() refuses a call behind one with a server, until that is forgotten",
  () => {
    const server = (): void => {};
    const forget = drainOnShutdown({ server });
    assertThrows(
      () => drainOnShutdown(),
      TypeError,
      "twice: write drainOnShutdown({ server: [one, another] })",
    );
    forget();
    const second = drainOnShutdown({ server });
    forget(); // it has forgotten its own call already
    assertThrows(() => drainOnShutdown({ server }), TypeError, "twice");
    second();
    drainOnShutdown()();
  },
);

testUnless(
  noSignals,
  "drainOnShutdown() takes the place of a call without a server, as where a dev server loads a module again",
  () => {
    const count = (): number => process.listeners("SIGTERM").length;
    const before = count();
    const first = drainOnShutdown();
    const second = drainOnShutdown({ timeout: 20_000 });
    assertEquals(count(), before + 1);
    const third = drainOnShutdown({ server: () => {} });
    first();
    second();
    assertEquals(count(), before + 1);
    assertThrows(() => drainOnShutdown(), TypeError, "twice");
    third();
    assertEquals(count(), before);
  },
);

/**
 * Emits signals, each at its millisecond, and then lets the server stop.
 *
 * @returns The codes that the process would have exited with.
 */
async function exitCodes(
  signals: readonly string[],
  sent: readonly (readonly [number, string])[],
): Promise<number[]> {
  const { exit } = process;
  const codes: number[] = [];
  const server = gate();
  const ended = gate();
  let time = 0;
  process.exit = ((code: number = 0): void => {
    codes.push(code);
    if (code < 128) ended.open();
  }) as typeof exit;
  const { requests } = processWork;
  processWork.requests = 0; // Bun runs all files in one process: some leave a request open for ever
  const forget = drainOnShutdown({ server: () => server.opened, signals });
  await withGlobal("performance", { now: () => time }, async () => {
    for (const [at, signal] of sent) {
      time = at;
      process.emit(signal as NodeJS.Signals);
    }
    server.open();
    await ended.opened;
  });
  forget();
  process.exit = exit;
  processWork.isEnding = false;
  processWork.requests += requests;
  return codes;
}

testUnless(
  noSignals,
  "drainOnShutdown() takes what comes within a second for the same request to stop",
  async () => {
    const signals = ["SIGWINCH", "SIGHUP"];
    const { SIGHUP } = constants.signals;
    const [first, again, last, later] = [
      [0, "SIGWINCH"],
      [0, "SIGWINCH"],
      [999, "SIGHUP"],
      [1_000, "SIGHUP"],
    ] as const;
    assertEquals(await exitCodes(signals, [first, again, last]), [0]);
    assertEquals(await exitCodes(signals, [first, later]), [128 + SIGHUP, 0]);
    assertEquals(await exitCodes(["SIGWINCH", "SIGWINCH"], [first]), [0]);
  },
);

test("drainOnShutdown() refuses wrong options, with the rule and the value", () => {
  const cases: [unknown, ErrorConstructor, string][] = [
    [{ serve: {} }, TypeError, "the shutdown options are server, timeout"],
    [
      { server: {} },
      TypeError,
      "Cannot stop server an object: write drainOnShutdown(",
    ],
    [{ server: [() => {}, null] }, TypeError, "Cannot stop server null"],
    [{ timeout: -1 }, RangeError, "timeout -1"],
    [{ timeout: "9s" }, TypeError, 'timeout "9s"'],
    [{ signals: "SIGTERM" }, TypeError, 'signals "SIGTERM": write an array'],
    [{ signals: [] }, TypeError, "signals an array: write an array such as"],
    [
      { signals: ["TERM"] },
      RangeError,
      'signal "TERM": write one that can be caught',
    ],
    [{ signals: ["SIGKILL"] }, RangeError, 'signal "SIGKILL"'],
    [{ signals: [15] }, RangeError, "signal 15"],
  ];
  for (const [options, type, message] of cases) {
    assertThrows(() => drainOnShutdown(options as never), type, message);
  }
  drainOnShutdown()(); // none of them has left anything behind
});
