import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { answer } from "../work.ts";

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());

app.get("/:page", (c) => answer(c.req.raw, c.var.backgroundTasks));

export default app;
