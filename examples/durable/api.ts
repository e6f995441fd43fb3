// deno serve -A --port 8000 examples/durable/api.ts          (or: bun examples/durable/api.ts)
import process from "node:process";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  TaskEnqueueError,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { sendEmail } from "./tasks.ts";

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());
app.onError((error, c) =>
  error instanceof TaskEnqueueError
    ? c.text("Try again later", 503)
    : c.text("Internal Server Error", 500)
);

app.post("/signup", async (c) => {
  const { email } = await c.req.json<{ email: string }>();
  const tasks = c.var.backgroundTasks.with({
    idempotencyKey: `welcome:${email}`,
  });
  tasks.addTask(sendEmail, email, "Welcome!"); // a 200 means: the engine has it
  return c.json({ status: "ok" });
});

console.log(
  `Try: curl -d '{"email":"ada@example.com"}' http://localhost:8000/signup`,
);

export default { port: Number(process.env["PORT"] ?? 8000), fetch: app.fetch };
