import { assertEquals, assertStrictEquals } from "@std/assert";
import { laterOf, waitForTurn } from "../../src/response_end/turn.ts";
import { nothingShared, testUnless } from "../harness/left_out.ts";
import { test } from "../harness/test.ts";
import { withGlobal } from "../harness/with_global.ts";

testUnless(
  nothingShared,
  "waitForTurn() tells who waits for two turns behind what came in the first",
  async () => {
    const events: string[] = [];
    await new Promise<void>((resolve) => {
      const second = (): void => {
        events.push("second");
        resolve();
      };
      const first = (): void => {
        events.push("first");
        waitForTurn(1, { turnHasCome: () => void events.push("added in it") });
      };
      waitForTurn(2, { turnHasCome: second });
      waitForTurn(1, { turnHasCome: first });
      queueMicrotask(() => events.push("microtask"));
    });
    assertEquals(events, ["microtask", "first", "second", "added in it"]);
  },
);

test("waitForTurn() tells each listener once, however many wait", async () => {
  const told = [0, 0, 0];
  await Promise.all(told.map((_, index) =>
    new Promise<void>((resolve) => {
      const turnHasCome = (): void => {
        told[index]!++;
        resolve();
      };
      waitForTurn(index === 0 ? 1 : 2, { turnHasCome });
    })
  ));
  await new Promise<void>((resolve) =>
    waitForTurn(2, { turnHasCome: resolve })
  );
  assertEquals(told, [1, 1, 1]);
});

test("waitForTurn() needs no timer that a test may have replaced", async () => {
  const fake = (): never => {
    throw new Error("a fake timer");
  };
  await withGlobal(
    "setImmediate",
    fake,
    () =>
      withGlobal(
        "setTimeout",
        fake,
        () =>
          new Promise<void>((resolve) =>
            waitForTurn(2, { turnHasCome: resolve })
          ),
      ),
  );
});

test("waitForTurn() takes setImmediate only of a runtime that has Node's version", () => {
  const setImmediate = (): void => {};
  const setTimeout = (): void => {};
  const timers = { setImmediate, setTimeout };
  assertStrictEquals(laterOf(timers, true), setImmediate);
  // an edge route of Next.js has one that throws
  assertStrictEquals(laterOf(timers, false), setTimeout);
  // Deno before 2.5 has the `process` of Node, and no `setImmediate`
  const older = { setImmediate: undefined, setTimeout };
  assertStrictEquals(laterOf(older, true), setTimeout);
});
