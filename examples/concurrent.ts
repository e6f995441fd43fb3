// deno serve -A examples/concurrent.ts          (or: bun examples/concurrent.ts, or deploy it to Workers as it is)
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  task,
} from "@postlude/background-tasks";
import { Hono } from "hono";

async function work(name: string, milliseconds: number): Promise<void> {
  console.log(`${name} starts`);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  console.log(`${name} ends`);
}

const sendEmail = (to: string) => work(`mail to ${to}`, 300);
const callWebhook = (orderId: string) => work(`webhook for ${orderId}`, 200);
const warmCache = (key: string) => work(`cache of ${key}`, 100);
const writeReport = (orderId: string) =>
  console.log(`order ${orderId} is done`);

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());

app.post("/orders/:id", (c) => {
  const id = c.req.param("id");
  const tasks = c.var.backgroundTasks;
  tasks.addGroup( // one step: the three run at once, and take as long as the slowest
    task(sendEmail, "ada@example.com"),
    task(callWebhook, id),
    task(warmCache, "orders"),
  );
  tasks.addTask(writeReport, id); // the next step: when all three have ended
  return c.json({ status: "ok" });
});

export default app;
