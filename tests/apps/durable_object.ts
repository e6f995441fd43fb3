/**
 * A Durable Object that is a front door, and a Worker that is one: tasks report their deadline. Where no
 * request comes in, as in an alarm and in the methods of an entrypoint, there is `run()`.
 */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import {
  BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";

interface Env {
  readonly ROOM: {
    idFromName(name: string): object;
    get(id: object): {
      fetch(request: Request): Promise<Response>;
      call(url: string): Promise<string>;
    };
  };
  readonly report: { fetch(url: string, init: RequestInit): Promise<Response> };
}

/** What both an `ExecutionContext` and the state of a Durable Object have. */
interface Context {
  readonly exports: {
    Service(options: object): { call(url: string): Promise<string> };
  };
  readonly storage: { setAlarm(time: number): Promise<void> };
  waitUntil(promise: Promise<unknown>): void;
}

const report = defineTask(
  "report",
  async ({ deadline }, env: Env, url: string) => {
    await new Promise((resolve) => setTimeout(resolve, 50)); // long after an answer
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

/** What runs behind the answer of a call that is no request. */
function called(env: Env, ctx: Context, url: string): string {
  const tasks = new BackgroundTasks();
  tasks.addTask(report, env, url);
  void tasks.run({ waitUntil: (promise) => ctx.waitUntil(promise) });
  return "ok";
}

export class Service extends WorkerEntrypoint {
  declare env: Env;
  declare ctx: Context;

  call(url: string): string {
    return called(this.env, this.ctx, url);
  }
}

export class Room extends DurableObject {
  declare env: Env;
  declare ctx: Context;

  call(url: string): string {
    return called(this.env, this.ctx, url);
  }

  async alarm(): Promise<void> {
    const tasks = new BackgroundTasks();
    tasks.addTask(report, this.env, "http://localhost/object/alarm");
    const { failed } = await tasks.run();
    if (failed > 0) throw new Error("the task failed");
  }

  async fetch(request: Request): Promise<Response> {
    if (request.url.endsWith("alarm")) {
      await this.ctx.storage.setAlarm(Date.now());
      return new Response("ok");
    }
    return request.url.endsWith("hono")
      ? app.fetch(request, this.env, this.ctx as never)
      : handler(request, this.env, this.ctx);
  }
}

export default {
  async fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    const { url } = request;
    const room = env.ROOM.get(env.ROOM.idFromName("a"));
    if (url.endsWith("/object/rpc")) return new Response(await room.call(url));
    if (url.endsWith("/worker/rpc")) {
      return new Response(await ctx.exports.Service({ props: {} }).call(url));
    }
    return url.includes("/object/")
      ? room.fetch(request)
      : handler(request, env, ctx);
  },
};
