import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { test } from "./harness/test.ts";

const REQUEST = new Request("https://example.com/");

test("withBackgroundTasks() runs tasks after the handler, and hands the platform's arguments on", async () => {
  const runner = new TaskRunner();
  const events: string[] = [];
  const fetch = withBackgroundTasks(
    (_request, tasks, env: { name: string }, ctx: { id: number }) => {
      tasks.addTask((event: string) => void events.push(event), "task");
      events.push("handler");
      return new Response(`${env.name} ${ctx.id}`);
    },
    { runner },
  );
  const response = await fetch(REQUEST, { name: "env" }, { id: 3 });
  assertEquals(await response.text(), "env 3");
  await runner.drain();
  assertEquals(events, ["handler", "task"]);
});

test("withBackgroundTasks() calls the waitUntil of its third argument once, as a method", async () => {
  const promises: Promise<unknown>[] = [];
  const ctx = {
    waitUntil(promise: Promise<unknown>): void {
      if (this !== ctx) throw new TypeError("Illegal invocation");
      promises.push(promise);
    },
  };
  let ran = 0;
  const fetch = withBackgroundTasks(
    (_, tasks, _env: object, _ctx: typeof ctx) => {
      tasks.addTask(() => void ran++);
      tasks.addTask(() => void ran++);
      return new Response("ok");
    },
  );
  await fetch(REQUEST, {}, ctx);
  assertEquals(promises.length, 1);
  await promises[0];
  assertEquals(ran, 2);
});

test("withBackgroundTasks() passes a throw on, and discards what was added before it", async () => {
  const ended: string[] = [];
  const runner = new TaskRunner({
    observers: [{
      onEnd: (run) => void ended.push(`${run.name} ${run.status}`),
    }],
  });
  const fetch = withBackgroundTasks((_, tasks) => {
    tasks.with({ name: "success" }).addTask(() => {});
    tasks.with({ name: "always", runOn: "always" }).addTask(() => {});
    throw new RangeError("handler failed");
  }, { runner });
  await assertRejects(() => fetch(REQUEST), RangeError, "handler failed");
  await runner.drain();
  assertEquals(ended, ["success discarded", "always succeeded"]);
});

test("withBackgroundTasks() around a Hono app with the middleware keeps one queue", async () => {
  const runner = new TaskRunner();
  const events: string[] = [];
  const record = (event: string): void => void events.push(event);
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ runner }));
  app.get("/", (c) => {
    c.var.backgroundTasks.addTask(record, "inner");
    return c.text("ok");
  });
  const promises: unknown[] = [];
  const ctx = {
    waitUntil: (promise: unknown) => promises.push(promise),
    passThroughOnException(): void {},
    props: {},
  };
  const fetch = withBackgroundTasks(
    async (request, tasks, env: object, context: typeof ctx) => {
      tasks.addTask(record, "outer, before");
      const response = await app.fetch(request, env, context as never);
      tasks.addTask(record, "outer, after");
      return response;
    },
    { runner },
  );
  await fetch(new Request("https://example.com/"), {}, ctx);
  await runner.drain();
  assertEquals(events, ["outer, before", "inner", "outer, after"]);
  assertEquals(promises.length, 1);
});

test("withBackgroundTasks() refuses a handler that is no function", () => {
  assertThrows(
    () => withBackgroundTasks({} as never),
    TypeError,
    "Cannot use handler an object: write (request, tasks) => new Response",
  );
});
