import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { createConnection } from "node:net";
import { connect, request } from "../harness/http_client.ts";
import { testUnless } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { serve } from "../harness/serve.ts";
import { test } from "../harness/test.ts";

const APP = runtime === "node" ? "websocket_node" : "websocket";

const handshake = (path: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "\r\n",
  ].join("\r\n");

test("responseEnd: a WebSocket opens, lasts, and its request's task runs once", async () => {
  await using server = await serve(`tests/apps/${APP}.ts`);
  const socket = createConnection({ port: server.port, host: "127.0.0.1" });
  socket.write(handshake("/ws"));
  let received = "";
  while (!received.includes("hello")) {
    received += (await once(socket, "data"))[0].toString("latin1");
  }
  assertEquals(received.split("\r\n")[0], "HTTP/1.1 101 Switching Protocols");
  await server.line("task");
  for (let i = 0; i < 10; i++) await request(server.port, "/ping");
  assertEquals([server.lines, socket.readyState], [["task"], "open"]);
  socket.destroy();
});

/** A text of a client, in a frame that a mask of zeros leaves readable. */
function frame(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return Uint8Array.from([0x81, 0x80 | bytes.length, 0, 0, 0, 0, ...bytes]);
}

test("BackgroundTasks.addTask() for each message of a WebSocket runs as the messages come", async () => {
  await using server = await serve(`tests/apps/${APP}.ts`);
  const socket = createConnection({ port: server.port, host: "127.0.0.1" });
  socket.write(handshake("/messages"));
  let received = "";
  while (!received.includes("hello")) {
    received += (await once(socket, "data"))[0].toString("latin1");
  }
  const texts = ["one", "two", "three"];
  for (const text of texts) {
    socket.write(frame(text));
    await server.line(`saved ${text}`); // so that nothing is pending when the next one comes
  }
  for (const text of ["four", "five"]) socket.write(frame(text));
  await server.line("saved five");
  assertEquals(
    server.lines,
    [...texts, "four", "five"].map((t) => `saved ${t}`),
  );
  socket.destroy();
});

/** There, nothing goes on behind a client that has left, but what `tasks.waitUntil()` was handed. */
const endsWithClient = runtime === "workerd"
  ? "Workers end the code of a stream with its client"
  : undefined;

testUnless(
  endsWithClient,
  "BackgroundTasks.addTask() of a stream that goes on behind a client that has left runs",
  async () => {
    await using server = await serve(`tests/apps/${APP}.ts`);
    using connection = await connect(server.port);
    await connection.request("/chat").head;
    connection.destroy();
    await server.line("answer saved");
    assertEquals(server.lines, ["request counted", "answer saved"]);
  },
);
