/** A Worker that hands no context on, and whose bindings have the names of what servers hand over. */
import {
  BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  type WaitUntil,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";

const app = new Hono<BackgroundTasksEnv>();
app.use("/refused", backgroundTasks({ waitUntil: refuse }));
app.use(backgroundTasks());
app.get("/:any{tasks|refused}", (c) => {
  c.var.backgroundTasks.addTask(() => {});
  return c.text("ok");
});

const wrapped = withBackgroundTasks((_request, tasks, ..._: unknown[]) => {
  tasks.addTask(() => {});
  return new Response("ok");
});

function refuse(): void {
  throw new Error("refused");
}

/** What a cron handler does: it awaits its tasks, so nothing else need keep them alive. */
async function run(): Promise<Response> {
  const tasks = new BackgroundTasks();
  tasks.addTask(() => console.warn("ran"));
  await tasks.run();
  return new Response("ok");
}

/** Nobody awaits its tasks, which take a turn longer than the handler. */
function forget(text: string, waitUntil?: WaitUntil): Response {
  const tasks = new BackgroundTasks();
  tasks.addTask(() => new Promise((resolve) => setTimeout(resolve)));
  tasks.addTask(() => console.warn(text));
  void tasks.run(waitUntil && { waitUntil });
  return new Response("ok");
}

export default {
  fetch(
    request: Request,
    env: unknown,
    ctx: { waitUntil: WaitUntil },
  ): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/forgotten") return forget("ran");
    if (pathname === "/kept") {
      return forget("end of the test", (promise) => ctx.waitUntil(promise));
    }
    if (pathname === "/run") return run();
    if (pathname === "/end") {
      console.warn("end of the test");
      return new Response("ok");
    }
    return pathname === "/wrapped"
      ? wrapped(request, env)
      : app.fetch(request, env as never);
  },
};
