/**
 * A worker in the module format. Its tasks take longer than the response, and report that they ended.
 *
 * @module
 */
import {
  type BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { handle } from "hono/cloudflare-pages";

export const runner = new TaskRunner();

/** Where a task says that it has ended: a service binding, a global in the service worker format. */
interface Bindings {
  readonly report?: {
    fetch(url: string, init: RequestInit): Promise<Response>;
  };
}

/** Adds a task that is killed if nothing keeps the request alive. */
export function addTask(
  tasks: BackgroundTasks,
  { url }: Request,
  bindings: unknown = globalThis,
): void {
  const { report } = bindings as Bindings;
  tasks.addTask(async () => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (url.endsWith("?silent")) return;
    await report?.fetch(url, {
      method: "POST",
      body: `${new URL(url).pathname} ended by ${runner.stats().platform}`,
    });
  });
}

export const app: Hono<BackgroundTasksEnv> = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks({ runner }));
app.get("*", (c) => {
  const env: Bindings = c.env ?? {};
  addTask(c.var.backgroundTasks, c.req.raw, env.report && env);
  return c.text("ok");
});

const wrapped = withBackgroundTasks(
  (request, tasks, env: unknown, ..._: unknown[]) => {
    addTask(tasks, request, env);
    return new Response("ok");
  },
  { runner },
);

/** As the worker that Pages generates makes it, with `waitUntil` bound to its owner. */
interface EventContext {
  readonly request: Request;
  readonly env: unknown;
  waitUntil(promise: Promise<unknown>): void;
}
const pages = handle(app) as unknown as (
  eventContext: EventContext,
) => Promise<Response>;

export default {
  fetch(
    request: Request,
    env: unknown,
    ctx: EventContext,
  ): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/hono") {
      return app.fetch(request, env as never, ctx as never);
    }
    if (pathname === "/hono-without-context") {
      return app.fetch(request, env as never);
    }
    if (pathname === "/fetch-without-context") return wrapped(request, env);
    if (pathname === "/pages") {
      const waitUntil = ctx.waitUntil.bind(ctx);
      return pages({ request, env, waitUntil });
    }
    return wrapped(request, env, ctx);
  },
};
