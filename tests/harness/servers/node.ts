/**
 * Serves an app on Node, with `@hono/node-server`. Node 20 runs no TypeScript:
 * the test command bundles this file, and this file bundles the app.
 *
 * @module
 */
import process from "node:process";
import { serve } from "@hono/node-server";
import { bundleOnce } from "../bundle_once.ts";
import { endWithParent, listening, loadApp } from "./app.ts";

endWithParent();
const app = await loadApp(await bundleOnce(process.argv[2] ?? "", "node"));

serve({
  fetch: (request, env) => app.fetch(request, env),
  hostname: "127.0.0.1",
  port: 0,
  ...(app.websocket === undefined ? {} : { websocket: app.websocket as never }),
}, ({ port }) => listening(port));
