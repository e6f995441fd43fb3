/** Owns no server: `deno serve` and Bun serve the default export. */
import { drainOnShutdown } from "@postlude/background-tasks";
import process from "node:process";
import { app } from "./app.ts";

drainOnShutdown({ timeout: Number(process.env["TIMEOUT"]) });

// each thread of `deno serve --parallel`, a turn later, when it listens; `onListen` is for one alone
setTimeout(() => console.log("::up"));

export default {
  port: Number(process.env["PORT"]),
  hostname: "127.0.0.1",
  idleTimeout: 0,
  fetch: app.fetch,
};
