/** A runner with limits, whose tasks the requests hold, release and abandon for one another. */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
  TaskQueueFullError,
  TaskRunner,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { setting } from "./runtime_help.ts";

const runner = new TaskRunner({ concurrency: 1, maxPending: 3 });
const opens = new Map<string, () => void>();

const work = defineTask("work", async ({ signal }, name: string) => {
  console.log(`${name} starts`);
  signal.addEventListener("abort", () => console.log(`${name} is aborted`));
  const alive = setInterval(() => {}, 50); // workerd takes a request that waits for another for dead
  await new Promise<void>((resolve) => opens.set(name, resolve));
  clearInterval(alive);
  await new Promise((resolve) => setTimeout(resolve, 1)); // I/O of its own request
  console.log(`${name} ends`);
});

const app = new Hono<BackgroundTasksEnv>();
const limits = setting("NO_DEADLINE") === "yes" ? { deadline: Infinity } : {};
app.use(backgroundTasks({ runner, ...limits }));
app.onError((error, c) =>
  error instanceof TaskQueueFullError
    ? c.text("busy", 503, { "retry-after": "1" })
    : c.text(String(error), 500)
);

app.get("/ping", (c) => c.text("pong"));

app.get("/work/:name", (c) => {
  c.var.backgroundTasks.addTask(work, c.req.param("name"));
  return c.text("accepted");
});

app.get("/open/:name", (c) => {
  opens.get(c.req.param("name"))?.();
  return c.text("opened");
});

app.get("/drain", async (c) => c.json(await runner.drain()));

app.get("/abandon", async (c) => {
  const { abandoned } = await runner.drain({ signal: AbortSignal.abort() });
  return c.json(abandoned.map(({ name, status }) => `${name} ${status}`));
});

export default app;
