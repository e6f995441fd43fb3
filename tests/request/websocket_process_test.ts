import { assertEquals } from "@std/assert";
import { once } from "node:events";
import { createConnection } from "node:net";
import { request } from "../harness/http_client.ts";
import { runtime } from "../harness/runtime.ts";
import { serve } from "../harness/serve.ts";
import { test } from "../harness/test.ts";

const APP = runtime === "node" ? "websocket_node" : "websocket";

const HANDSHAKE = [
  "GET /ws HTTP/1.1",
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
  socket.write(HANDSHAKE);
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
