// bun examples/parallel/bun.ts          (Linux: elsewhere one process gets all connections)
import { drainOnShutdown } from "@postlude/background-tasks";
import process from "node:process";
import app from "./app.ts";

/** The few members of Bun that are used here. */
declare const Bun: {
  serve(options: object): { stop(): Promise<void> };
  spawn(
    command: string[],
    options: object,
  ): { exited: Promise<number>; kill(signal: string): void };
};

if (process.env["WORKER"] === undefined) await startWorkers();
else serve();

async function startWorkers(): Promise<void> {
  const workers = Array.from(
    { length: navigator.hardwareConcurrency },
    () =>
      Bun.spawn([process.execPath, import.meta.filename ?? ""], {
        env: { ...process.env, WORKER: "yes" },
        stdio: ["ignore", "inherit", "inherit"],
      }),
  );
  process.on("SIGTERM", () => workers.forEach((it) => it.kill("SIGTERM")));
  process.on("SIGINT", () => {}); // Ctrl-C reaches the workers by itself
  const codes = await Promise.all(workers.map(({ exited }) => exited));
  process.exitCode = Math.max(...codes);
}

function serve(): void {
  const port = Number(process.env["PORT"] ?? 8000);
  const server = Bun.serve({ fetch: app.fetch, port, reusePort: true });
  drainOnShutdown({ server, timeout: 25_000 });
  console.log("a process is ready");
}
