/**
 * The platforms that cannot be run here, each with the shape its source gives it.
 *
 * @module
 */
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { bunny } from "../../src/wait_until/bunny.ts";
import { next } from "../../src/wait_until/next.ts";
import { supabase } from "../../src/wait_until/supabase.ts";
import { Owner } from "../harness/owner.ts";
import { test } from "../harness/test.ts";
import { withGlobal } from "../harness/with_global.ts";

test("supabase finds EdgeRuntime.waitUntil, which counts native promises only", async () => {
  // ext/runtime/js/namespaces.js and async_hook.js of supabase/edge-runtime
  const counted: unknown[] = [];
  const EdgeRuntime = {
    waitUntil(maybePromise: unknown): unknown {
      if (maybePromise instanceof Promise) counted.push(maybePromise);
      return maybePromise;
    },
  };
  await withGlobal("EdgeRuntime", EdgeRuntime, () => {
    const promise = Promise.resolve();
    supabase.findWaitUntil({})!(promise);
    assertStrictEquals(counted[0], promise);
  });
});

test("supabase finds nothing on Vercel, where EdgeRuntime is a string", async () => {
  await withGlobal("EdgeRuntime", "vercel", () => {
    assertStrictEquals(supabase.findWaitUntil({}), undefined);
  });
  assertStrictEquals(supabase.findWaitUntil({}), undefined);
});

test("next finds the waitUntil of its request context, which a host may leave out", async () => {
  // packages/next/src/server/after/builtin-request-context.ts of vercel/next.js
  const key = Symbol.for("@next/request-context");
  const context = new Owner();
  await withGlobal(key, { get: () => context }, () => {
    next.findWaitUntil({})!(Promise.resolve());
    assertEquals(context.promises.length, 1);
  });
  for (const value of [undefined, { waitUntil: undefined }]) {
    await withGlobal(key, { get: () => value }, () => {
      assertStrictEquals(next.findWaitUntil({}), undefined);
    });
  }
  assertStrictEquals(next.findWaitUntil({}), undefined);
});

test("bunny finds Bunny.v1.waitUntil, else the unstable one", async () => {
  // src/adapters/bunny.ts of h3js/srvx, in its present and in an earlier version
  const v1 = new Owner();
  const unstable = new Owner();
  for (const Bunny of [{ v1, unstable }, { v1: {}, unstable }, { v1: {} }]) {
    await withGlobal("Bunny", Bunny, () => {
      bunny.findWaitUntil({})?.(Promise.resolve());
    });
  }
  assertEquals([v1.promises.length, unstable.promises.length], [1, 1]);
  assertStrictEquals(bunny.findWaitUntil({}), undefined);
});

test("Owner.waitUntil() refuses to be called without its receiver, as platforms do", () => {
  const { waitUntil } = new Owner();
  assertThrows(() => waitUntil(Promise.resolve()), TypeError);
});
