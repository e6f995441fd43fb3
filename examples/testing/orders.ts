// (an app whose tasks are durable: the tests beside it hand it a queue in memory)
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  type DefinedTask,
  defineTask,
  TaskEnqueueError,
  type TaskQueue,
} from "@postlude/background-tasks";
import { Hono } from "hono";

export interface Orders {
  readonly app: Hono<BackgroundTasksEnv>;
  readonly ship: DefinedTask<[orderId: string]>;
}

export function createOrders(queue: TaskQueue): Orders {
  const ship = defineTask(
    "ship",
    { queue, retry: { attempts: 5 } },
    (_, orderId: string) => console.log(`order ${orderId} leaves`),
  );
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks());
  app.onError((error, c) =>
    error instanceof TaskEnqueueError
      ? c.text("Try again later", 503)
      : c.text("Internal Server Error", 500)
  );
  app.post("/orders/:id", (c) => {
    c.var.backgroundTasks.addTask(ship, c.req.param("id"));
    return c.json({ status: "queued" }, 202);
  });
  return { app, ship };
}
