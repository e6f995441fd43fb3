import { assertEquals, assertStrictEquals } from "@std/assert";
import { startRuntime } from "@netlify/runtime";
import { Hono } from "hono";
import { handle } from "hono/netlify";
import { netlify } from "../../src/wait_until/netlify.ts";
import { Owner, serviceBinding } from "../harness/owner.ts";
import { test } from "../harness/test.ts";
import { withGlobal } from "../harness/with_global.ts";

/** The `Netlify` global that Netlify's own runtime defines. */
function netlifyGlobal(context: () => Owner | null): unknown {
  const globalScope: { Netlify?: unknown } = {};
  startRuntime({
    cache: { getCacheAPIContext: () => null },
    deployID: "deploy",
    env: {
      delete: () => {},
      get: () => undefined,
      has: () => false,
      set: () => {},
      toObject: () => ({}),
    },
    // the members of the context that this project does not touch are left out
    getRequestContext: context as unknown as () => null,
    globalScope,
    siteID: "site",
  });
  return globalScope.Netlify;
}

test("netlify finds the waitUntil of Netlify.context, as a method", async () => {
  const context = new Owner();
  await withGlobal("Netlify", netlifyGlobal(() => context), () => {
    const promise = Promise.resolve();
    netlify.findWaitUntil({})!(promise);
    assertStrictEquals(context.promises[0], promise);
  });
});

test("netlify finds nothing outside a request, where Netlify.context is null", async () => {
  await withGlobal("Netlify", netlifyGlobal(() => null), () => {
    assertStrictEquals(netlify.findWaitUntil({}), undefined);
  });
});

test("netlify finds the context a handler gets second, and the one Hono's adapter makes env of", async () => {
  const context = new Owner();
  const app = new Hono<{ Bindings: object }>();
  app.get("/", (c) => {
    netlify.findWaitUntil({ platform: c.env })!(Promise.resolve());
    return c.text("ok");
  });
  await withGlobal("Netlify", netlifyGlobal(() => null), async () => {
    netlify.findWaitUntil({ platform: context })!(Promise.resolve());
    await handle(app)(new Request("http://localhost/"), context);
  });
  assertEquals(context.promises.length, 2);
});

test("netlify looks at nothing where there is no Netlify", () => {
  const context = new Owner();
  const env = { context: serviceBinding() };
  for (const platform of [context, { context }, env]) {
    assertStrictEquals(netlify.findWaitUntil({ platform }), undefined);
  }
});
