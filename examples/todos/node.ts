// node node.ts          (Node 22.18 or newer, which has SQLite and runs TypeScript)
import { drainOnShutdown } from "@postlude/background-tasks";
import { devtools } from "@postlude/background-tasks/devtools";
import { serve } from "@hono/node-server";
import process from "node:process";
import { createApp } from "./app.ts";
import { openSqlite } from "./sqlite.ts";

const app = createApp(await openSqlite(process.env["TODOS_DB"] ?? "todos.db"));
app.route("/_tasks", devtools()); // the tasks, live; for this machine only
const server = serve(
  { fetch: app.fetch, port: Number(process.env["PORT"] ?? 8000) },
  ({ port }) => console.log(`Listening on http://localhost:${port}/`),
);
drainOnShutdown({ server });
