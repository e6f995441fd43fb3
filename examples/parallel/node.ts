// node examples/parallel/node.ts          (Node 22.18 or newer, which runs TypeScript)
import { drainOnShutdown } from "@postlude/background-tasks";
import { serve } from "@hono/node-server";
import cluster from "node:cluster";
import { availableParallelism } from "node:os";
import process from "node:process";
import app from "./app.ts";

if (cluster.isPrimary) startWorkers();
else serveApp();

/** This process must outlive its workers: they end at once when it does. */
function startWorkers(): void {
  const workers = Array.from(
    { length: availableParallelism() },
    () => cluster.fork(),
  );
  process.on("SIGTERM", () => {
    // not worker.kill(), which disconnects the worker before it signals
    for (const worker of workers) worker.process.kill("SIGTERM");
  });
  process.on("SIGINT", () => {}); // Ctrl-C reaches the workers by itself
  cluster.on("exit", (_worker, code) => {
    if (code !== 0) process.exitCode = code;
  });
}

function serveApp(): void {
  const port = Number(process.env["PORT"] ?? 8000);
  const server = serve({
    fetch: (request, env) => app.fetch(request, env),
    port,
  }, () => console.log("a process is ready"));
  drainOnShutdown({ server, timeout: 25_000 });
}
