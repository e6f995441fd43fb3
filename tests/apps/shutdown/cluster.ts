/** A Node cluster: the first process hands SIGTERM on, and ends when its workers have. */
import { serve } from "@hono/node-server";
import { drainOnShutdown } from "@postlude/background-tasks";
import cluster from "node:cluster";
import process from "node:process";
import { app, KEPT } from "./app.ts";

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  process.on("SIGTERM", () => {
    for (const worker of workers) worker.process.kill("SIGTERM");
  });
} else {
  const server = serve({
    fetch: app.fetch,
    hostname: "127.0.0.1",
    port: Number(process.env["PORT"]),
    serverOptions: KEPT,
  });
  drainOnShutdown({ server, timeout: Number(process.env["TIMEOUT"]) });
}
