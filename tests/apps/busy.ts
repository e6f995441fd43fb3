/** An app whose tasks burn CPU, one behind the other, until somebody is answered. */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { Hono } from "hono";

let ran = 0;
let isAnswered = false;

function burn(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());
app.get("/ran", (c) => {
  isAnswered = true;
  return c.text(String(ran));
});
app.get("/add", (c) => {
  for (let i = 0; i < 50_000; i++) {
    c.var.backgroundTasks.addTask(async () => {
      if (isAnswered) return;
      burn(10);
      await Promise.resolve();
      ran++;
    });
  }
  return c.text("ok");
});
export default app;
