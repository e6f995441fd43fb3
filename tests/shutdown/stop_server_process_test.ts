import { assertEquals } from "@std/assert";
import { once } from "node:events";
import * as http2 from "node:http2";
import * as https from "node:https";
import { type AddressInfo, connect, type Server } from "node:net";
import { prepareStop } from "../../src/shutdown/stop_server.ts";
import { leaveOut } from "../harness/left_out.ts";
import { runtime } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

/** A request whose answer comes when `end` was called. */
function ask(client: http2.ClientHttp2Session): {
  readonly begun: Promise<unknown>;
  readonly text: Promise<string>;
  readonly end: () => void;
} {
  const stream = client.request({ ":path": "/", ":method": "POST" });
  const text = (async () => {
    let all = "";
    for await (const chunk of stream.setEncoding("utf8")) all += chunk;
    return all;
  })();
  return { begun: once(stream, "response"), text, end: () => stream.end() };
}

/** Answers to the end when the whole request has come. */
function answer(
  request: http2.Http2ServerRequest,
  response: http2.Http2ServerResponse,
): void {
  response.write("o");
  request.on("end", () => response.end("k")).resume();
}

if (runtime !== "node") {
  leaveOut("prepareStop() of node:http2 and node:https", "servers of Node's");
} else {
  test("prepareStop() ends a session of HTTP/2 that its client keeps open", async () => {
    const server = http2.createServer(answer);
    const stop = prepareStop(server);
    const client = http2.connect(`http://127.0.0.1:${await listen(server)}`);
    const { text, end } = ask(client);
    end();
    assertEquals(await text, "ok");
    await Promise.all([once(client, "close"), stop()]);
  });

  test("prepareStop() lets each stream of HTTP/2 finish that has begun", async () => {
    const server = http2.createServer(answer);
    const stop = prepareStop(server);
    const client = http2.connect(`http://127.0.0.1:${await listen(server)}`);
    const asked = [ask(client), ask(client)];
    await Promise.all(asked.map(({ begun }) => begun));
    const stopped = stop();
    await once(client, "goaway");
    for (const { end } of asked) end();
    const texts = await Promise.all(asked.map(({ text }) => text));
    assertEquals(texts, ["ok", "ok"]);
    await stopped;
  });

  const SERVERS: Record<string, () => Server> = {
    "node:http2": () => http2.createServer(answer),
    "node:http2 with TLS": () => http2.createSecureServer({}, answer),
    "node:https": () => https.createServer({}),
  };
  for (const [name, make] of Object.entries(SERVERS)) {
    test(`prepareStop() does not wait for a connection that sends nothing: ${name}`, async () => {
      const server = make();
      const stop = prepareStop(server);
      const accepted = once(server, "connection");
      const silent = connect({
        allowHalfOpen: true, // it does not answer the end of the connection
        host: "127.0.0.1",
        port: await listen(server),
      }).resume();
      silent.on("error", () => {}); // that it is reset
      await accepted;
      await stop();
      silent.destroy();
    });
  }
}
