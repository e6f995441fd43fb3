import {
  backgroundTasks,
  type BackgroundTasksEnv,
  TaskEnqueueError,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import type { DurableTasks } from "./tasks_of.ts";

/**
 * `POST /<task>` with the arguments as JSON adds a task; `?key=` gives it an idempotency key.
 *
 * @param tasks The tasks.
 */
export function apiOf(tasks: DurableTasks): Hono<BackgroundTasksEnv> {
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks());
  app.onError((error, c) =>
    error instanceof TaskEnqueueError
      ? c.text(error.outcome, 503)
      : c.text(error.message, 500)
  );
  app.post("/:task", async (c) => {
    const idempotencyKey = c.req.query("key");
    const name = c.req.param("task") as keyof DurableTasks;
    const args = await c.req.json<[string, number]>();
    c.var.backgroundTasks
      .with(idempotencyKey === undefined ? {} : { idempotencyKey })
      .addTask(tasks[name] as DurableTasks["work"], ...args);
    return c.text("queued");
  });
  return app;
}
