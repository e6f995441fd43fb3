/**
 * Serves an app on Node, with `@hono/node-server`. Node 20 runs no TypeScript:
 * the test command bundles this file, and this file bundles the app.
 *
 * @module
 */
import process from "node:process";
import { serve } from "@hono/node-server";
import { bundle } from "../../../tools/bundle.ts";
import { bundlesFolder } from "../bundles_folder.ts";
import { endWithParent, listening, loadApp } from "./app.ts";

endWithParent();
const folder = bundlesFolder();
const name = `app_${process.pid}`;
await bundle({
  files: { [name]: process.argv[2] ?? "" },
  folder,
  target: "node",
});
const app = await loadApp(`${folder}/${name}.mjs`);

serve({
  fetch: (request, env) => app.fetch(request, env),
  hostname: "127.0.0.1",
  port: 0,
  ...(app.websocket === undefined ? {} : { websocket: app.websocket as never }),
}, ({ port }) => listening(port));
