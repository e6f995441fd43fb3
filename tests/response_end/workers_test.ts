import { assertEquals, assertStrictEquals } from "@std/assert";
import { responseEnd } from "../../src/response_end/response_end.ts";
import { workers } from "../../src/response_end/workers.ts";
import { notOnWorkers, testUnless } from "../harness/left_out.ts";

/** Hands a response to the platform, reads what it sends, and waits until it has ended. */
async function send(response: Response, text = "a body"): Promise<Response> {
  const request = new Request("https://example.com/");
  const exchange = { request, response, exactEnd: false };
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const sent = workers.responseEnd({ responseEnded: resolve }, exchange)!;
  assertEquals(await sent.clone().text(), text);
  await promise;
  return sent;
}

function stream(type?: "bytes"): ReadableStream<Uint8Array> {
  const start = (
    controller: ReadableByteStreamController | ReadableStreamDefaultController,
  ): void => {
    controller.enqueue(new TextEncoder().encode("a body"));
    controller.close();
  };
  return new ReadableStream({ type, start } as never);
}

testUnless(
  notOnWorkers,
  "workers.responseEnd() leaves a body held in memory as it is",
  async () => {
    const bytes = new TextEncoder().encode("a body");
    for (const body of ["a body", bytes, bytes.buffer, new Blob(["a body"])]) {
      const response = new Response(body);
      assertStrictEquals(await send(response), response);
    }
  },
);

testUnless(
  notOnWorkers,
  "workers.responseEnd() pipes a stream made in JS, and one of known length",
  async () => {
    const headers = { "content-length": "6" };
    for (
      const response of [
        new Response(stream()),
        new Response(stream(), { headers }),
        new Response(stream("bytes"), { headers }),
      ]
    ) {
      assertEquals(await send(response) === response, false);
    }
  },
);

testUnless(
  notOnWorkers,
  "workers.responseEnd() copies a body of known length that does not leave at once, whatever its headers say",
  async () => {
    const text = "x".repeat(100_000);
    const { body } = new Response(text);
    const [branch, dropped] = new Response(text).body!.tee();
    dropped.cancel().catch(() => {});
    const request = new Request("https://example.com/", {
      method: "POST",
      body: text,
    });
    for (
      const response of [
        new Response(text),
        new Response(text, { headers: { "content-encoding": "x-own" } }),
        new Response(body),
        new Response(branch),
        new Response(request.clone().body),
        new Response(request.body),
      ]
    ) {
      assertEquals(await send(response, text) === response, false);
    }
  },
);

testUnless(
  notOnWorkers,
  "responseEnd() asks the bindings of a Worker for nothing",
  async () => {
    const asked: PropertyKey[] = [];
    const env = new Proxy({}, {
      get(_target, key) {
        asked.push(key);
        return () => {}; // as a service binding answers
      },
    });
    const exchange = {
      request: new Request("https://example.com/"),
      response: new Response("a body"),
      exactEnd: false,
    };
    await new Promise<unknown>((resolve) =>
      responseEnd({ responseEnded: resolve }, exchange, env)
    );
    assertEquals(asked, []);
  },
);

testUnless(
  notOnWorkers,
  "workers.responseEnd() takes no reader of a body held in memory",
  async () => {
    const { getReader } = ReadableStream.prototype;
    let taken = 0;
    ReadableStream.prototype.getReader = function (
      this: ReadableStream,
      ...args: never
    ) {
      taken++;
      return getReader.apply(this, args);
    } as typeof getReader;
    try {
      await send(new Response("a body"));
      assertEquals(taken, 0);
    } finally {
      ReadableStream.prototype.getReader = getReader;
    }
  },
);
