// deno serve -A examples/parallel/app.ts          (the app that the files beside it serve many times)
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { Hono } from "hono";

async function sendEmail(to: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 500)); // the mail server takes its time
  console.log(`mail to ${to}`);
}

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());

app.post("/signup/:email", (c) => {
  c.var.backgroundTasks.addTask(sendEmail, c.req.param("email"));
  return c.json({ status: "ok" });
});

export default app;
