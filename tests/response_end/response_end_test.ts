import { assertEquals, assertStrictEquals } from "@std/assert";
import { responseEnd } from "../../src/response_end/response_end.ts";
import {
  type KnownOutcome,
  outcomeOf,
} from "../../src/response_end/response_end_source.ts";
import { test } from "../harness/test.ts";

const request = new Request("https://example.com/");

/** Waits for the end of a response of a handler that nobody's server called; reads what is sent. */
async function end(
  response: unknown,
  read: (sent: Response) => unknown = () => {},
): Promise<unknown[]> {
  const told: unknown[] = [];
  let sent: unknown;
  await new Promise<void>((resolve) => {
    const responseEnded = (outcome: KnownOutcome): void => {
      told.push(outcomeOf(outcome));
      resolve();
    };
    const exchange = {
      request,
      response: response as Response,
      exactEnd: false,
    };
    sent = responseEnd({ responseEnded }, exchange, undefined);
    read(sent as Response);
  });
  await new Promise((resolve) => setTimeout(resolve, 0));
  return [sent, ...told];
}

test("responseEnd() ends once, and changes nothing, where a handler returns no Response", async () => {
  for (const response of [undefined, null, "a string", { body: "a body" }]) {
    assertEquals(await end(response), [response, "unknown"]);
  }
});

test("responseEnd() ends once for a body that nobody reads", async () => {
  for (const body of [null, "", "a body", new Uint8Array(9), new Blob(["b"])]) {
    assertEquals((await end(new Response(body))).length, 2);
  }
});

test("responseEnd() leaves a body held in memory as it is, where nothing reads it yet", async () => {
  const response = Response.json({ status: "ok" });
  const [sent] = await end(response, (sent) => sent.text());
  assertStrictEquals(sent, response);
});
