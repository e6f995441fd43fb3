/** Tasks that do real work, for `real_work.ts`: WORK and CONCURRENCY say which. */
import process from "node:process";
import { Hono } from "hono";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  TaskRunner,
} from "@postlude/background-tasks";
import { ANSWER } from "../answer.ts";

const { WORK = "none", CONCURRENCY = "Infinity" } = process.env;
const runner = new TaskRunner({ concurrency: Number(CONCURRENCY) });

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks({ runner }));
app.get("/", (c) => {
  if (WORK === "io") c.var.backgroundTasks.addTask(wait, 10);
  if (WORK === "cpu") c.var.backgroundTasks.addTask(burn, 1);
  return c.json(ANSWER);
});
export default app;

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function burn(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
