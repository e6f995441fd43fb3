// deno serve -A examples/signup.ts          (or: bun examples/signup.ts, or deploy it to Workers as it is)
import { Hono } from "hono";
import { logger } from "hono/logger";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";

async function sendEmail(to: string, subject: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 500)); // the mail server takes its time
  console.log(`mail to ${to}: ${subject}`);
}

const app = new Hono<BackgroundTasksEnv>();
app.use(logger());
app.use(backgroundTasks());

app.post("/signup", async (c) => {
  const { email } = await c.req.json<{ email: string }>();
  c.var.backgroundTasks.addTask(sendEmail, email, "Welcome!");
  return c.json({ status: "ok" });
});

console.log(
  `Try: curl -d '{"email":"ada@example.com"}' http://localhost:8000/signup`,
);

export default { port: 8000, fetch: app.fetch };
