// npx wrangler dev          (in examples/todos; with Node 22.12 or newer)
import type { BackgroundTasksEnv } from "@postlude/background-tasks";
import type { ExecutionContext, Hono } from "hono";
import { createApp } from "./app.ts";
import { type D1, d1Database } from "./d1.ts";
import { createTables } from "./database.ts";

/** The bindings of wrangler.jsonc. */
interface Env {
  /** The database. */
  readonly DB: D1;
}

let app: Hono<BackgroundTasksEnv> | undefined;

export default {
  async fetch(
    request: Request,
    env: Env,
    ctx: ExecutionContext,
  ): Promise<Response> {
    if (app === undefined) {
      const database = d1Database(env.DB);
      await createTables(database);
      app = createApp(database);
    }
    return await app.fetch(request, env, ctx);
  },
};
