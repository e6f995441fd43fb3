// deno run -A examples/shutdown.ts          (Bun: Bun.serve(app); Node: serve(app) of @hono/node-server)
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  drainOnShutdown,
  TaskQueueFullError,
  TaskRunner,
} from "@postlude/background-tasks";
import { Hono } from "hono";

async function sendEmail(to: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 2_000)); // the mail server takes its time
  console.log(`mail to ${to}`);
}

const runner = new TaskRunner({ concurrency: 100, maxPending: 10_000 });
const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks({ runner }));

app.post("/signup/:email", (c) => {
  c.var.backgroundTasks.addTask(sendEmail, c.req.param("email"));
  return c.json({ status: "ok" });
});

app.onError((error, c) =>
  error instanceof TaskQueueFullError
    ? c.text("too busy", 503, { "retry-after": "5" }) // it can be sent again later
    : c.text("something went wrong", 500)
);

const port = Number(Deno.env.get("PORT") ?? 8000);
const server = Deno.serve({ port }, app.fetch);

// 5 s less than Kubernetes waits before it kills a process
drainOnShutdown({ server, timeout: 25_000 });

console.log(
  "Try: curl -X POST localhost:8000/signup/ada, and Ctrl-C at once: the mail still goes out",
);
