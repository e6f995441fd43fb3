/**
 * Adds tasks that a test describes in the query, and shows them at `/_tasks`.
 *
 * @module
 */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { devtools } from "@postlude/background-tasks/devtools";
import { Hono } from "hono";

const app = new Hono<BackgroundTasksEnv>();
app.route("/_tasks", devtools({ allow: () => true }));
app.use(backgroundTasks({ onTaskError: () => {} }));

/** Tasks that wait for `/release`. */
let waiting: (() => void)[] = [];

app.post("/release", (c) => {
  for (const resolve of waiting) resolve();
  waiting = [];
  return c.text("released");
});

app.post("/add/:kind", (c) => {
  const { name = "task", count = "1" } = c.req.query();
  const tasks = c.var.backgroundTasks.with({ name });
  for (let i = 0; i < Number(count); i++) {
    if (c.req.param("kind") === "waits") {
      tasks.addTask(() =>
        new Promise<void>((resolve) => waiting.push(resolve))
      );
    } else if (c.req.param("kind") === "fails") {
      tasks.addTask(() => {
        throw new Error(`${name} failed`);
      });
    } else tasks.addTask(() => {});
  }
  return c.text("added");
});

export default app;
