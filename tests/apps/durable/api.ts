/** `POST /<task>` with the arguments as JSON adds a task; `?key=` gives it an idempotency key. */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  TaskEnqueueError,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { flaky, news, slow, spin, work } from "./tasks.ts";

const tasks = { flaky, news, slow, spin, work };

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());
app.onError((error, c) =>
  error instanceof TaskEnqueueError
    ? c.text(error.outcome, 503)
    : c.text(error.message, 500)
);
app.post("/:task", async (c) => {
  const idempotencyKey = c.req.query("key");
  const task = tasks[c.req.param("task") as keyof typeof tasks] as typeof work;
  const args = await c.req.json<[string, number]>();
  c.var.backgroundTasks
    .with(idempotencyKey === undefined ? {} : { idempotencyKey })
    .addTask(task, ...args);
  return c.text("queued");
});

export default app;
