/**
 * A Worker whose bodies nobody reads: a door further out drops them. `?late` adds the task when the
 * response has been returned.
 */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
} from "@postlude/background-tasks";
import { type ExecutionContext, Hono } from "hono";

const report = defineTask("report", ({ response }, name: string) => {
  console.log(`task ${name} ${response.status} ${response.outcome}`);
});

const bodies: Readonly<Record<string, () => BodyInit>> = {
  short: () => "a body",
  large: () => "x".repeat(100_000),
  stream: () =>
    new ReadableStream({
      pull(controller): void {
        controller.enqueue(new TextEncoder().encode("a block"));
      },
    }),
};

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());
app.get("/:body", (c) => {
  const { backgroundTasks } = c.var;
  const add = (): void =>
    void backgroundTasks.addTask(report, c.req.query("task")!);
  if (c.req.query("late") === undefined) add();
  else {
    const later = new Promise((resolve) => setTimeout(resolve, 20));
    c.executionCtx.waitUntil(later.then(add));
  }
  return c.body(bodies[c.req.param("body")]!() as ReadableStream);
});

export default {
  async fetch(
    request: Request,
    env: unknown,
    ctx: ExecutionContext,
  ): Promise<Response> {
    const response = await app.fetch(request, env as object, ctx);
    return request.method === "HEAD" ? response : new Response("dropped");
  },
};
