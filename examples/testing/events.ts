// deno serve -A examples/testing/events.ts          (a stream that lasts until its client leaves)
import {
  backgroundTasks,
  type BackgroundTasksEnv,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";

const listeners = new Set<(text: string) => Promise<void>>();

/** Stands for the list of who is there. */
export const gone: string[] = [];

export function sayGoodbye(name: string): void {
  gone.push(name);
}

const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks());

app.get("/events/:name", (c) => {
  c.var.backgroundTasks.addTask(sayGoodbye, c.req.param("name"));
  return streamSSE(c, async (stream) => {
    const listen = (text: string): Promise<void> =>
      stream.writeSSE({ data: text });
    listeners.add(listen);
    await new Promise<void>((resolve) => stream.onAbort(resolve));
    listeners.delete(listen);
  });
});

app.post("/messages", async (c) => {
  const text = await c.req.text();
  await Promise.all([...listeners].map((listen) => listen(text)));
  return c.text("sent");
});

export default app;
