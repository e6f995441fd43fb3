import { assert, assertEquals } from "@std/assert";
import { bun } from "../../src/response_end/bun.ts";
import { test } from "../harness/test.ts";
import { withGlobal } from "../harness/with_global.ts";

/** Waits for the end of a response whose server answers so when it is asked for the address. */
function endOf(requestIP: () => unknown): Promise<void> {
  return new Promise((resolve) => {
    const exchange = {
      request: new Request("https://example.com/"),
      response: undefined,
      exactEnd: false,
    };
    const listener = { responseEnded: () => resolve() };
    bun.responseEnd(listener, exchange, { requestIP });
  });
}

test("bun takes a request that its server does not know for one that is over, and sees the others", async () => {
  const unknown = endOf(() => {
    throw new TypeError("Expected Request object");
  });
  await Promise.all([unknown, endOf(() => null)]);
});

test("bun needs no timer that a test may have replaced", async () => {
  let looks = 0;
  const end = endOf(() => looks++ < 5 ? { port: 1 } : null);
  await withGlobal("setTimeout", () => assert(false), () => end);
  assertEquals(looks, 6);
});
