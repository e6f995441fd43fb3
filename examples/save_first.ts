// deno serve -A examples/save_first.ts          (or: bun examples/save_first.ts, or deploy it to Workers as it is)
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { strictMode } from "@postlude/background-tasks/strict";
import { Hono } from "hono";

interface Order {
  readonly id: string;
  readonly email: string;
}

const orders = new Map<string, Order>(); // stands for a database

/** Gets the ID, and loads the order itself: as it is now, if it is still there. */
function sendReceipt(id: string): void {
  const order = orders.get(id);
  if (order === undefined) return console.log(`order ${id} is gone`);
  console.log(`receipt for order ${id} to ${order.email}`);
}

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks({ strict: strictMode() })); // warns when a task is handed the order itself

app.post("/orders", async (c) => {
  const { id, email } = await c.req.json<Order>();
  orders.set(id, { id, email }); // save first …
  c.var.backgroundTasks.addTask(sendReceipt, id); // … then queue, with the ID
  return c.json({ id }, 201);
});

app.delete("/orders/:id", (c) => {
  const id = c.req.param("id");
  c.var.backgroundTasks.addTask(sendReceipt, id); // too late: says that the order is gone
  orders.delete(id);
  return c.body(null, 204);
});

export default app;
