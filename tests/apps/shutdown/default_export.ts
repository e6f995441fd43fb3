/** Owns no server: `deno serve` and Bun serve the default export. */
import { drainOnShutdown } from "@postlude/background-tasks";
import process from "node:process";
import { app } from "./app.ts";

drainOnShutdown({ timeout: Number(process.env["TIMEOUT"]) });

// the threads of `deno serve --parallel` do not start at the same time
setTimeout(() => console.log("::up"), 10);

export default {
  port: Number(process.env["PORT"]),
  hostname: "127.0.0.1",
  idleTimeout: 0,
  fetch: app.fetch,
};
