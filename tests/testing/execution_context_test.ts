import { assertEquals, assertRejects } from "@std/assert";
import { TestExecutionContext } from "@postlude/background-tasks/testing";
import { test } from "../harness/test.ts";

test("TestExecutionContext.wait() waits for promises that are recorded meanwhile", async () => {
  const events: string[] = [];
  const context = new TestExecutionContext();
  context.waitUntil(
    Promise.resolve().then(() => {
      events.push("first");
      context.waitUntil(
        new Promise((resolve) => setTimeout(resolve)).then(() => {
          events.push("second");
          context.waitUntil(
            new Promise((resolve) => setTimeout(resolve)).then(() =>
              void events.push("third")
            ),
          );
        }),
      );
    }),
  );
  await context.wait();
  assertEquals(events, ["first", "second", "third"]);
  assertEquals(context.promises.length, 3);
});

test("TestExecutionContext.wait() rejects once all have settled", async () => {
  const events: string[] = [];
  const context = new TestExecutionContext();
  context.waitUntil(Promise.reject(new Error("lost")));
  context.waitUntil(
    new Promise((resolve) => setTimeout(resolve)).then(() =>
      void events.push("settled")
    ),
  );
  await assertRejects(() => context.wait(), Error, "lost");
  assertEquals(events, ["settled"]);
});

test("TestExecutionContext.waitUntil() is called as a method, as on Workers", () => {
  const { waitUntil } = new TestExecutionContext();
  let thrown: unknown;
  try {
    waitUntil(Promise.resolve());
  } catch (error) {
    thrown = error;
  }
  assertEquals(thrown instanceof TypeError, true);
});
