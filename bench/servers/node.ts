/**
 * Serves a bundled app on Node, with `@hono/node-server`: `node node.mjs <app.mjs>`.
 *
 * @module
 */
import process from "node:process";
import { serve } from "@hono/node-server";
import {
  endWithParent,
  listening,
  loadApp,
} from "../../tests/harness/servers/app.ts";

endWithParent();
const app = await loadApp(process.argv[2]);
serve({
  fetch: (request, env) => app.fetch(request, env),
  hostname: "127.0.0.1",
  port: 0,
}, ({ port }) => listening(port));
