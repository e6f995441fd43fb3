/** A Durable Object that is a front door, and a Worker that is one: tasks report their deadline. */
import { DurableObject } from "cloudflare:workers";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";

interface Env {
  readonly ROOM: {
    idFromName(name: string): object;
    get(id: object): { fetch(request: Request): Promise<Response> };
  };
  readonly report: { fetch(url: string, init: RequestInit): Promise<Response> };
}

/** What both an `ExecutionContext` and the state of a Durable Object have. */
interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

const report = defineTask(
  "report",
  async ({ deadline }, env: Env, url: string) => {
    const path = new URL(url).pathname;
    const body = `${path} ${
      deadline === undefined ? "no deadline" : "a deadline"
    }`;
    await env.report.fetch(url, { method: "POST", body });
  },
);

const handler = withBackgroundTasks(
  (request, tasks, env: Env, _ctx: Context) => {
    tasks.addTask(report, env, request.url);
    return new Response("ok");
  },
);

const app = new Hono<BackgroundTasksEnv & { Bindings: Env }>();
app.use(backgroundTasks());
app.get("*", (c) => {
  c.var.backgroundTasks.addTask(report, c.env, c.req.url);
  return c.text("ok");
});

export class Room extends DurableObject {
  declare env: Env;
  declare ctx: Context;

  fetch(request: Request): Promise<Response> {
    return request.url.endsWith("hono")
      ? Promise.resolve(app.fetch(request, this.env, this.ctx as never))
      : handler(request, this.env, this.ctx);
  }
}

export default {
  fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    return request.url.includes("/object/")
      ? env.ROOM.get(env.ROOM.idFromName("a")).fetch(request)
      : handler(request, env, ctx);
  },
};
