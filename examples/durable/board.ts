// deno serve -A --port 8001 examples/durable/board.ts          (a page of the tasks that failed)
import process from "node:process";
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { HonoAdapter } from "@bull-board/hono";
import { serveStatic } from "@hono/node-server/serve-static";
import { bullmq } from "@postlude/background-tasks/bullmq";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { connection } from "./tasks.ts";

const queue = bullmq(connection);
const serverAdapter = new HonoAdapter(serveStatic);
createBullBoard({
  queues: [new BullMQAdapter(await queue.client())],
  serverAdapter,
});
serverAdapter.setBasePath("/board");

const app = new Hono();
// it shows what tasks are called with, and runs them again: not for everybody
const password = process.env["BOARD_PASSWORD"] ?? "secret";
app.use(basicAuth({ username: "admin", password }));
app.route("/board", serverAdapter.registerPlugin());

export default app;
