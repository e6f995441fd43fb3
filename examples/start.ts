// deno task start          (then open http://localhost:8000, press a button, and watch)
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
  task,
} from "@postlude/background-tasks";
import { devtools } from "@postlude/background-tasks/devtools";
import { Hono } from "hono";
import { page } from "./start_page.ts";
import signup from "./signup.ts";

const work = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const sendReceipt = (_orderId: string) => work(350);
const warmCache = (_key: string) =>
  work(200).then(() => Promise.reject(new Error("the cache is full")));

const callWebhook = defineTask(
  "call-webhook",
  { retry: { attempts: 3, delay: 250, jitter: 0 } },
  async (c, _id: string) => {
    await work(150);
    if (c.attempt < 3) throw new Error(`webhook answered 503 (${c.attempt})`);
  },
);

const app = new Hono<BackgroundTasksEnv>();
app.route("/_tasks", devtools());
app.get("/", (c) => c.html(page));
app.post("/order", backgroundTasks({ onTaskError: () => {} }), (c) => {
  const tasks = c.var.backgroundTasks;
  tasks.addTask(sendReceipt, "42");
  tasks.addGroup(task(callWebhook, "42"), task(warmCache, "orders"));
  return c.json({ status: "ordered" });
});
app.all("*", (c) => signup.fetch(c.req.raw, c.env)); // everything else is examples/signup.ts

console.log("Open http://localhost:8000");
export default { port: 8000, fetch: app.fetch };
