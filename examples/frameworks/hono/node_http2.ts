// PORT=8000 node examples/frameworks/hono/node_http2.ts
import { serve } from "@hono/node-server";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  drainOnShutdown,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { proxy } from "hono/proxy";
import { createServer } from "node:http2";
import { addEmail, port, upstreamUrl } from "../work.ts";
import routes from "./app.ts";

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());

// HTTP/2 knows no header of a connection, such as `transfer-encoding`: `proxy()` takes them off
app.get("/proxy", (c) => {
  addEmail(c.var.backgroundTasks, "proxy");
  return proxy(upstreamUrl("words"));
});
app.route("/", routes);

drainOnShutdown({ server: serve({ port, fetch: app.fetch, createServer }) });
