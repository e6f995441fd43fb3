// deno serve -A --parallel examples/parallel/deno.ts
import { drainOnShutdown } from "@postlude/background-tasks";
import app from "./app.ts";

// Each thread drains its own tasks. No server: `deno serve` stops it, and ends after the last thread.
drainOnShutdown({ timeout: 25_000 });

console.log("a thread is ready");

export default app;
