import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connect, request } from "./http_client.ts";
import { serve } from "./serve.ts";
import { test } from "./test.ts";

const ECHO = new URL("../apps/echo.ts", import.meta.url);

test("request() makes a round trip", async () => {
  await using server = await serve(ECHO);
  const response = await request(server.port, "/echo", {
    body: "zwölf",
    method: "POST",
  });
  assertEquals([response.status, response.text], [200, "zwölf"]);
});

test("Served.line() waits for what the app prints", async () => {
  await using server = await serve(ECHO);
  const line = server.line("hello");
  assertEquals((await request(server.port, "/hello")).text, "hello");
  assertEquals(await line, "hello was called");
  assertEquals(server.lines, ["hello was called"]);
});

test("Served.line() rejects with the output when the process ends", async () => {
  await using server = await serve(ECHO);
  await request(server.port, "/hello");
  await server.line("hello");
  const failure = assertRejects(
    () => server.line("never printed"),
    Error,
    "hello was called",
  );
  server.kill("SIGKILL");
  await failure;
});

test("serve() rejects with the error of an app that cannot start", async () => {
  const error = await assertRejects(
    () => serve("tests/apps/missing.ts"),
    Error,
  );
  assertStringIncludes(error.message, "missing.ts");
});

test("Connection.request() reads one response after another", async () => {
  await using server = await serve(ECHO);
  using connection = await connect(server.port);
  const pending = ["/hello", "/stream/3", "/bytes/5"].map((path) =>
    connection.request(path).complete
  );
  const bodies = (await Promise.all(pending)).map(({ text }) => text);
  assertEquals(bodies, ["hello", "chunk 0\nchunk 1\nchunk 2\n", "aaaaa"]);
});

test("Connection.pause() holds back the body and not the head", async () => {
  await using server = await serve(ECHO);
  using connection = await connect(server.port);
  const response = connection.request("/bytes/20000000");
  await response.head;
  connection.pause();
  let ended = false;
  response.complete.then(() => ended = true);
  assertEquals((await request(server.port, "/hello")).text, "hello");
  assertEquals(ended, false);
  connection.resume();
  assertEquals((await response.complete).body.length, 20_000_000);
});

test("Connection.destroy() leaves half-way", async () => {
  await using server = await serve(ECHO);
  using connection = await connect(server.port);
  const response = connection.request("/bytes/20000000");
  await response.head;
  connection.destroy();
  await assertRejects(() => response.complete, Error, "Cannot read");
  assertEquals((await request(server.port, "/hello")).status, 200);
});
