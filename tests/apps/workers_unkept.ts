/** A Worker that hands no context on, and whose bindings have the names of what servers hand over. */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());
app.get("/tasks", (c) => {
  c.var.backgroundTasks.addTask(() => {});
  return c.text("ok");
});

const wrapped = withBackgroundTasks((_request, tasks, ..._: unknown[]) => {
  tasks.addTask(() => {});
  return new Response("ok");
});

export default {
  fetch(request: Request, env: unknown): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/end") {
      console.warn("end of the test");
      return new Response("ok");
    }
    return pathname === "/wrapped"
      ? wrapped(request, env)
      : app.fetch(request, env as never);
  },
};
