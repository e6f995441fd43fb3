import { assertEquals } from "@std/assert";
import { createConnection } from "node:net";
import { connect, request } from "./harness/http_client.ts";
import { leaveOut } from "./harness/left_out.ts";
import type { RunningProcess } from "./harness/running_process.ts";
import { runScript } from "./harness/run_script.ts";
import { runtime } from "./harness/runtime.ts";
import { LISTENING } from "./harness/servers/app.ts";
import { test } from "./harness/test.ts";

const FRAMEWORKS = ["http", "express", "koa", "fastify"];

async function start(
  framework: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<{ app: RunningProcess; port: number }> {
  const env = { FRAMEWORK: framework, ...variables };
  const app = await runScript("tests/apps/node_door/app.ts", env);
  const line = await app.line(LISTENING);
  app.lines.length = 0;
  return { app, port: Number(line.slice(LISTENING.length)) };
}

/** An app that the cases of one framework share: each has paths of its own. */
interface Shared {
  readonly app: RunningProcess;
  readonly port: number;
  /** The lines about a path so far. */
  linesOf(path: string): string[];
}

function cases(framework: string): void {
  let started: ReturnType<typeof start> | undefined;
  async function shared(): Promise<Shared> {
    const { app, port } = await (started ??= start(framework));
    const linesOf = (path: string): string[] =>
      app.lines.filter((line) => line.split(" ").includes(path));
    return { app, port, linesOf };
  }

  test(`backgroundTasks() of ./node gives ${framework} tasks after the response, in order, from anywhere`, async () => {
    const { app, port, linesOf } = await shared();
    const body = '{"a":1}';
    const headers = { "content-type": "application/json" };
    const { status } = await request(port, "/order", {
      method: "POST",
      headers,
      body,
    });
    assertEquals(status, 200);
    await app.line("/order success");
    const parsed = ["express", "fastify"].includes(framework) ? body : "null";
    assertEquals(linesOf("/order"), [
      "task of /order",
      `late task of /order ${parsed}`,
      "audit of /order",
      "/order success 200 sent",
    ]);
  });

  test(`currentBackgroundTasks() below ${framework} survives a body that comes later`, async () => {
    const { app, port } = await shared();
    const socket = createConnection({ port, host: "127.0.0.1" });
    socket.write(
      "POST /later HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
        "Content-Length: 7\r\nExpect: 100-continue\r\n\r\n",
    );
    let received = "";
    socket.on("data", (data) => {
      if (received === "") socket.write('{"a":1}'); // the server has begun
      received += data.toString("latin1");
    });
    assertEquals(await app.line("/later success"), "/later success 200 sent");
    socket.destroy();
  });

  test(`backgroundTasks() of ./node waits with ${framework} for a slow reader of 16 MB`, async () => {
    const { app, port, linesOf } = await shared();
    using connection = await connect(port);
    const { head, complete } = connection.request("/large-slow");
    await head;
    connection.pause();
    for (let i = 0; i < 10; i++) await request(port, "/plain");
    assertEquals(linesOf("/large-slow"), []);
    connection.resume();
    assertEquals((await complete).body.length, 16 * 1024 * 1024);
    await app.line("audit of /large-slow");
  });

  test(`backgroundTasks() of ./node runs tasks of ${framework} whose client leaves`, async () => {
    const { app, port } = await shared();
    using connection = await connect(port);
    await connection.request("/large-leaves").head;
    connection.pause();
    connection.destroy();
    await app.line("audit of /large-leaves");
  });

  if (framework === "http") {
    test("backgroundTasks() of ./node runs tasks of a response whose connection was taken away", async () => {
      const { app, port } = await shared();
      assertEquals((await request(port, "/detached")).text, "ok");
      await app.line("audit of /detached");
    });
  }

  test(`backgroundTasks() of ./node discards with ${framework} what was added before a failure, and says so once`, async () => {
    const { app, port, linesOf } = await shared();
    for (let i = 0; i < 2; i++) {
      assertEquals((await request(port, "/throws")).status, 500);
      await app.line("/throws failure 500 ");
      assertEquals(linesOf("/throws")[0], "audit of /throws");
      assertEquals(linesOf("/throws").length, 2, app.lines.join());
      app.lines.length = 0;
    }
    assertEquals(app.stderr.split("this is said once").length, 2, app.stderr);
  });

  test(`backgroundTasks() of ./node listens to nothing of ${framework} where nobody adds a task`, async () => {
    const counts: string[] = [];
    for (const env of [{}, { DOOR: "none" }]) {
      const { app, port } = await start(framework, env);
      await using _ = app;
      await request(port, "/count");
      counts.push(await app.line("listeners"));
    }
    assertEquals(counts[0], counts[1]);
  });
}

for (const framework of FRAMEWORKS) {
  if (runtime === "workerd") {
    leaveOut(
      `./node: every case of ${framework}`,
      "Workers have no such server",
    );
  } else cases(framework);
}

if (runtime !== "workerd") {
  for (const path of ["/events", "/events-throws"]) {
    test(`backgroundTasks() of ./node runs a task of ${path} when the client has left, and never takes the response for sent`, async () => {
      const { app, port } = await start("express");
      await using _ = app;
      using connection = await connect(port);
      await connection.request(path).head;
      connection.end(); // as a browser leaves, without a reset
      const line = await app.line(`${path} success`);
      assertEquals(line, `${path} success 200 aborted`);
    });
  }
}

if (runtime !== "workerd") {
  test("backgroundTasks() of ./node never takes an answer for sent that came when the client had left", async () => {
    const { app, port } = await start("http");
    await using _ = app;
    using connection = await connect(port);
    connection.request("/left");
    await app.line("waits");
    connection.end(); // as a browser leaves, without a reset
    const line = await app.line("/left success");
    assertEquals(line.endsWith(" sent"), false, line);
  });
}

if (runtime === "bun" || runtime === "node") { // Deno goes on accepting until the timeout
  test("drainOnShutdown() without a server lets a request finish whose handler tells nobody when it has settled", async () => {
    await using app = await runScript("tests/apps/node_door/bare.ts");
    const port = Number((await app.line(LISTENING)).slice(LISTENING.length));
    using connection = await connect(port);
    const held = connection.request("/hold");
    await app.line("held");
    app.kill("SIGTERM");
    while ((await request(port, "/ending")).text !== "true"); // it is heard a moment later
    await request(port, "/release");
    assertEquals((await held.complete).text, "held");
    assertEquals(await app.exited, { code: 0, signal: null });
    assertEquals([app.lines.at(-1), app.stderr], ["task", ""]);
  });
}

if (runtime === "node") {
  test("the recipe of Fastify stops beside a connection without a request, and its plugins close behind the tasks", async () => {
    await using app = await runScript("tests/apps/node_door/fastify_close.ts");
    const port = Number((await app.line(LISTENING)).slice(LISTENING.length));
    using _idle = await connect(port); // as a browser opens one in advance
    assertEquals((await request(port, "/")).text, "ok");
    app.kill("SIGTERM");
    assertEquals(await app.exited, { code: 0, signal: null }, app.stderr);
    assertEquals(app.lines.at(-1), "the database is open");
  });
}
