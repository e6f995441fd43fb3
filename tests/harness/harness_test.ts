import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { host, runtime } from "./runtime.ts";
import { test } from "./test.ts";

test("test() runs inside the runtime under test", () => {
  assertEquals(host, runtime);
});

test("test() runs where AsyncLocalStorage works", async () => {
  const storage = new AsyncLocalStorage<number>();
  assertEquals(
    await storage.run(
      1,
      () => Promise.resolve().then(() => storage.getStore()),
    ),
    1,
  );
});

test("assertThrows() takes a class and a part of the message", () => {
  const fail = (): never => {
    throw new TypeError("as asked");
  };
  assertEquals(assertThrows(fail, TypeError, "asked").message, "as asked");
  assertThrows(() => assertThrows(fail, RangeError));
});

test("assertRejects() takes a class and a part of the message", async () => {
  const fail = (): Promise<never> => Promise.reject(new RangeError("too far"));
  assertEquals(
    (await assertRejects(fail, RangeError, "far")).message,
    "too far",
  );
  await assertRejects(() => assertRejects(fail, TypeError));
  await assertRejects(() => assertRejects(() => Promise.resolve()));
});
