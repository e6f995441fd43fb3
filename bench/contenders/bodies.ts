/**
 * Bodies of 1 and 64 MB, with and without a task, for `bodies.ts` and `slow_link.ts`. The last two
 * routes pass on what another server answers on the port in the path.
 */
import process from "node:process";
import { Hono } from "hono";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { work } from "../answer.ts";

const bytes = new Uint8Array(64 << 20);
const text = "x".repeat(1 << 20);

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks({ exactEnd: process.env["EXACT_END"] === "1" }));
app.get("/64mb", (c) => c.body(bytes));
app.get("/64mb/task", (c) => {
  c.var.backgroundTasks.addTask(work, "ada@example.com");
  return c.body(bytes);
});
app.get("/64mb-stream", (c) => c.body(stream()));
app.get("/64mb-stream/task", (c) => {
  c.var.backgroundTasks.addTask(work, "ada@example.com");
  return c.body(stream());
});
app.get("/1mb", (c) => c.text(text, 200, { "content-length": `${1 << 20}` }));
app.get("/1mb/task", (c) => {
  c.var.backgroundTasks.addTask(burn, 200);
  return c.text(text, 200, { "content-length": `${1 << 20}` });
});
app.get("/64mb-passed-on/:port", (c) => upstream(c.req.param("port")));
app.get("/64mb-passed-on/:port/task", (c) => {
  c.var.backgroundTasks.addTask(work, "ada@example.com");
  return upstream(c.req.param("port"));
});
export default app;

function upstream(port: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/64mb`);
}

/** The 64 MB in pieces of 64 kB, each when it is asked for. */
function stream(): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    pull(controller): void {
      controller.enqueue(bytes.subarray(sent, sent += 1 << 16));
      if (sent >= bytes.length) controller.close();
    },
  });
}

/** Keeps the CPU busy, and with it everything else in this process. */
function burn(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
