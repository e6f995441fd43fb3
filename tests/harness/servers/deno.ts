/**
 * Serves an app on Deno: `deno run -A tests/harness/servers/deno.ts <app>`.
 *
 * @module
 */
import { listening, loadApp } from "./app.ts";

const app = await loadApp(Deno.args[0]);

Deno.serve({
  hostname: "127.0.0.1",
  onListen: ({ port }) => listening(port),
  port: 0,
}, (request, info) => app.fetch(request, info));
