/**
 * Serves an app with srvx, on Deno, Bun or Node: `srvx.ts <app>`.
 *
 * @module
 */
import process from "node:process";
import { serve } from "srvx";
import {
  endWithParent,
  listening,
  loadApp,
} from "../../tests/harness/servers/app.ts";

if (!("Deno" in globalThis)) endWithParent(); // Deno's test server does not, either
const app = await loadApp(process.argv[2]);
const server = serve({
  fetch: (request) => app.fetch(request),
  hostname: "127.0.0.1",
  port: 0,
  silent: true,
});
await server.ready();
listening(new URL(server.url ?? "").port);
