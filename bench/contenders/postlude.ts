import { Hono } from "hono";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { ANSWER, tasksRun, work } from "../answer.ts";

/**
 * An app with this library. A handler that adds nothing does not ask for the queue, either.
 *
 * @param tasks How many tasks each request adds.
 */
export function postlude(tasks: number): Hono<BackgroundTasksEnv> {
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks());
  app.get("/", (c) => {
    if (tasks > 0) {
      const { backgroundTasks } = c.var;
      for (let i = 0; i < tasks; i++) {
        backgroundTasks.addTask(work, "ada@example.com");
      }
    }
    return c.json(ANSWER);
  });
  app.get("/ran", (c) => c.json(tasksRun()));
  return app;
}
