import { assertEquals } from "@std/assert";
import { waitForTurn } from "../src/turn.ts";
import { test } from "./harness/test.ts";
import { withGlobal } from "./harness/with_global.ts";

test("waitForTurn() tells who waits for two turns behind what came in the first", async () => {
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
});

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

test("waitForTurn() asks no setImmediate of a runtime that has none of Node's versions", async () => {
  const throws = (): never => {
    throw new Error("not supported in the Edge Runtime");
  };
  const { process } = globalThis as { process?: { versions: object } };
  await withGlobal(
    "setImmediate",
    throws,
    () =>
      withGlobal(
        "process",
        { ...process, versions: {} },
        () =>
          new Promise<void>((resolve) =>
            waitForTurn(1, { turnHasCome: resolve })
          ),
      ),
  );
});
