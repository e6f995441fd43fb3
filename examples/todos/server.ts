// deno serve -A examples/todos/server.ts          (or: bun examples/todos/server.ts)
import { drainOnShutdown } from "@postlude/background-tasks";
import { devtools } from "@postlude/background-tasks/devtools";
import process from "node:process";
import { createApp } from "./app.ts";
import { openSqlite } from "./sqlite.ts";

drainOnShutdown(); // on SIGTERM and SIGINT: no task of an answered request is lost

const app = createApp(await openSqlite(process.env["TODOS_DB"] ?? "todos.db"));
app.route("/_tasks", devtools()); // the tasks, live; for this machine only

export default app;
