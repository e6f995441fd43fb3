import { Hono } from "hono";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { ANSWER, tasksRun, work } from "../answer.ts";

/**
 * An app with this library.
 *
 * @param tasks How many tasks each request adds.
 */
export function postlude(tasks: number): Hono<BackgroundTasksEnv> {
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks());
  app.get("/", (c) => {
    const { backgroundTasks } = c.var;
    for (let i = 0; i < tasks; i++) {
      backgroundTasks.addTask(work, "ada@example.com");
    }
    return c.json(ANSWER);
  });
  app.get("/ran", (c) => c.json(tasksRun()));
  return app;
}
