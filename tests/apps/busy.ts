/** An app whose tasks burn CPU, one behind the other. */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { Hono } from "hono";

let ran = 0;

function burn(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());
app.get("/ran", (c) => c.text(String(ran)));
app.get("/add", (c) => {
  for (let i = 0; i < 100; i++) {
    c.var.backgroundTasks.addTask(async () => {
      burn(10);
      await Promise.resolve();
      ran++;
    });
  }
  return c.text("ok");
});
export default app;
