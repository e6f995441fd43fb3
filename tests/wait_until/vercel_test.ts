import { assertEquals, assertStrictEquals } from "@std/assert";
import { waitUntil } from "@vercel/functions";
import { vercel } from "../../src/wait_until/vercel.ts";
import { Owner, serviceBinding } from "../harness/owner.ts";
import { test } from "../harness/test.ts";
import { withGlobal } from "../harness/with_global.ts";

/** Where the platform puts what `getContext` of `@vercel/functions` reads. */
const REQUEST_CONTEXT = Symbol.for("@vercel/request-context");

test("vercel finds the waitUntil that @vercel/functions finds, as a method", async () => {
  const context = new Owner();
  await withGlobal(REQUEST_CONTEXT, { get: () => context }, () => {
    const promise = Promise.resolve();
    waitUntil(promise);
    vercel.findWaitUntil({})!(promise);
    assertEquals(context.promises.length, 2);
    assertStrictEquals(context.promises[0], promise);
    assertStrictEquals(context.promises[1], promise);
  });
});

test("vercel reads the deadline that the platform keeps beside the waitUntil", async () => {
  const deadline = "2026-11-22T18:00:30.000Z";
  await withGlobal(REQUEST_CONTEXT, { get: () => ({ deadline }) }, () => {
    assertEquals(vercel.timeLimit!({}), { deadline: Date.parse(deadline) });
  });
  await withGlobal(
    REQUEST_CONTEXT,
    { get: () => ({ deadline: "soon" }) },
    () => {
      assertStrictEquals(vercel.timeLimit!({}), undefined);
    },
  );
  assertStrictEquals(vercel.timeLimit!({}), undefined);
});

test("vercel finds nothing outside a request", async () => {
  assertStrictEquals(vercel.findWaitUntil({}), undefined);
  for (const global of [{}, { get: () => undefined }, { get: () => ({}) }]) {
    await withGlobal(REQUEST_CONTEXT, global, () => {
      assertStrictEquals(vercel.findWaitUntil({}), undefined);
      assertStrictEquals(vercel.timeLimit!({}), undefined);
    });
  }
});

test("vercel finds what a web handler gets second, only where this is Vercel", async () => {
  // `FetchEvent` in packages/node/src/serverless-functions/helpers-web.ts of vercel/vercel
  const promises: Promise<unknown>[] = [];
  const platform = {
    waitUntil: (promise: Promise<unknown>) => void promises.push(promise),
  };
  assertStrictEquals(vercel.findWaitUntil({ platform }), undefined);
  for (
    const [name, value] of [
      [REQUEST_CONTEXT, { get: () => ({}) }],
      ["EdgeRuntime", "edge-runtime"],
    ] as const
  ) {
    await withGlobal(name, value, () => {
      vercel.findWaitUntil({ platform })!(Promise.resolve());
    });
  }
  assertEquals(promises.length, 2);
});

test("vercel never looks into the env of a Worker", () => {
  const platform = serviceBinding();
  assertStrictEquals(vercel.findWaitUntil({ platform }), undefined);
});
