// deno serve -A examples/testing/app.ts          (the app that the tests beside it test)
import { Hono } from "hono";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";

/** Stands for the mail server. */
export const mails: string[] = [];

export async function sendEmail(to: string, subject: string): Promise<void> {
  if (!to.includes("@")) throw new Error(`no address: ${to}`);
  await new Promise((resolve) => setTimeout(resolve, 1));
  mails.push(`${subject} -> ${to}`);
}

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());

app.post("/signup", async (c) => {
  const { email } = await c.req.json<{ email: string }>();
  c.var.backgroundTasks.addTask(sendEmail, email, "Welcome!");
  return c.json({ status: "ok" });
});

export default app;
