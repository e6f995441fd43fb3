/** An API and a consumer on Workers: `POST /<task>` with the arguments as JSON adds a task. */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
  type TaskContext,
  TaskEnqueueError,
  type TaskMessage,
} from "@postlude/background-tasks";
import {
  type CloudflareMessageBatch,
  cloudflareQueue,
  type CloudflareQueueBinding,
  queueHandler,
} from "@postlude/background-tasks/cloudflare-queues";
import { Hono } from "hono";
import { flakyHandler, isWorthRetrying } from "./flaky.ts";

interface Bindings {
  readonly TASKS: CloudflareQueueBinding;
}

const queue = cloudflareQueue((env: Bindings) => env.TASKS);

function log(event: string, name: string, { attempt }: TaskContext): void {
  console.log(`${event} ${name} ${attempt}`);
}

const flaky = defineTask("flaky", {
  queue,
  retry: {
    attempts: 3,
    delay: 0,
    when: isWorthRetrying,
  },
}, flakyHandler(log));

const lost = defineTask("lost", {
  queue: cloudflareQueue((env: Record<string, CloudflareQueueBinding>) =>
    env["NO_SUCH_BINDING"]!
  ),
}, () => {});

const app = new Hono<BackgroundTasksEnv & { Bindings: Bindings }>();
app.use(backgroundTasks());
app.onError((error, c) =>
  error instanceof TaskEnqueueError
    ? c.text(`${error.outcome} ${error.queue}`, 503)
    : c.text(error.message, 500)
);
app.post("/flaky", async (c) => {
  const args = await c.req.json<[string, number]>();
  const tasks = c.var.backgroundTasks;
  tasks.addTask(flaky, ...args);
  tasks.addTask(() => console.log(`in process ${args[0]}`));
  return c.text("queued");
});
app.post("/foreign", async (c) => {
  await c.env.TASKS.sendBatch([{ body: { task: "foreign" } }]);
  return c.text("queued");
});
app.post("/lost", (c) => {
  c.var.backgroundTasks.addTask(lost);
  return c.text("queued");
});

const runTasks = queueHandler([flaky], {
  onTaskError: (error, { name, attempt }) =>
    console.log(`given up ${name} ${attempt}: ${(error as Error).message}`),
});

/** What the dead-letter queue holds: messages as they were sent. */
function logDeadLetters({ messages }: CloudflareMessageBatch): void {
  for (const { body } of messages) {
    const { task, args } = body as TaskMessage;
    console.log(`dead letter ${task} ${JSON.stringify(args)}`);
  }
}

export default {
  fetch: app.fetch,
  queue: (batch: CloudflareMessageBatch & { readonly queue: string }) =>
    batch.queue === "FAILED" ? logDeadLetters(batch) : runTasks(batch),
};
