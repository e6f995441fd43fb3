// deno serve -A examples/todos/server.ts          (or: bun examples/todos/server.ts)
import { drainOnShutdown } from "@postlude/background-tasks";
import process from "node:process";
import { createApp } from "./app.ts";
import { openSqlite } from "./sqlite.ts";

drainOnShutdown(); // on SIGTERM and SIGINT: no task of an answered request is lost

export default createApp(
  await openSqlite(process.env["TODOS_DB"] ?? "todos.db"),
);
