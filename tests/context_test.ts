import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  getBackgroundTasks,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { currentBackgroundTasks } from "@postlude/background-tasks/context";
import { backgroundTasks as nodeTasks } from "@postlude/background-tasks/node";
import { Hono } from "hono";
import { gate } from "./harness/gate.ts";
import { test } from "./harness/test.ts";

const URL = "https://example.com/";

/** Some calls below a route, which know no request. */
async function note(events: string[], event: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  await Promise.resolve();
  currentBackgroundTasks().addTask(() => void events.push(event));
}

test("currentBackgroundTasks() is the queue of the request: below Hono's door, in a middleware, in onError", async () => {
  const runner = new TaskRunner();
  const events: string[] = [];
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ runner }));
  app.use(async (c, next) => {
    assertStrictEquals(currentBackgroundTasks(), c.var.backgroundTasks);
    await next();
    await note(events, "middleware");
  });
  app.get("/", async (c) => {
    await note(events, "route");
    return c.text("ok");
  });
  app.get("/throws", () => {
    throw new Error("handler failed");
  });
  app.onError(async (_, c) => {
    await note(events, "onError");
    return c.text("sorry", 500);
  });
  assertEquals((await app.request("/")).status, 200);
  assertEquals((await app.request("/throws")).status, 500);
  await runner.drain();
  assertEquals(events.sort(), [
    "middleware",
    "middleware",
    "onError",
    "route",
  ]);
});

test("currentBackgroundTasks() works below the wrapper, and below a door further in", async () => {
  const runner = new TaskRunner();
  const events: string[] = [];
  const app = new Hono();
  app.use(backgroundTasks({ runner }));
  app.get("/", async (c) => {
    await note(events, "inner");
    return c.text("ok");
  });
  const fetch = withBackgroundTasks(async (request, tasks) => {
    assertStrictEquals(currentBackgroundTasks(), tasks);
    await note(events, "outer");
    return await app.fetch(request);
  }, { runner });
  await fetch(new Request(URL));
  await runner.drain();
  assertEquals(events, ["outer", "inner"]);
});

test("currentBackgroundTasks() works below an inner door that is called outside the outer one's context", async () => {
  const runner = new TaskRunner();
  const events: string[] = [];
  const inner = withBackgroundTasks(async () => {
    await note(events, "inner");
    return new Response("ok");
  }, { runner });
  const request = new Request(URL);
  const begun = gate();
  const outside = (async () => { // as a pool of workers: begun before the request
    await begun.opened;
    return await inner(request);
  })();
  const outer = withBackgroundTasks(() => {
    begun.open();
    return outside;
  }, { runner });
  assertEquals((await outer(request)).status, 200);
  await runner.drain();
  assertEquals(events, ["inner"]);
});

test("currentBackgroundTasks() inside a task is the queue the task was added to", async () => {
  const runner = new TaskRunner();
  const events: string[] = [];
  const fetch = withBackgroundTasks((_, tasks) => {
    tasks.addTask(async () => {
      assertStrictEquals(currentBackgroundTasks(), tasks);
      await note(events, "from a task");
      events.push("task");
    });
    return new Response("ok");
  }, { runner });
  await fetch(new Request(URL));
  await runner.drain();
  assertEquals(events, ["task", "from a task"]);
  assertEquals(runner.stats().failed, 0);
});

test("currentBackgroundTasks() of two requests at once never sees the other's", async () => {
  const runner = new TaskRunner();
  const events: string[] = [];
  const gates = new Map(["a", "b"].map((name) => [name, gate()]));
  const fetch = withBackgroundTasks(async (request, tasks) => {
    const name = request.url.slice(URL.length);
    await gates.get(name)!.opened;
    assertStrictEquals(currentBackgroundTasks(), tasks);
    await note(events, name);
    assertStrictEquals(currentBackgroundTasks(), tasks);
    tasks.addTask(() => assertStrictEquals(currentBackgroundTasks(), tasks));
    return new Response(String(tasks.size));
  }, { runner });
  const a = fetch(new Request(`${URL}a`));
  const b = fetch(new Request(`${URL}b`));
  gates.get("b")!.open();
  assertEquals(await (await b).text(), "2");
  gates.get("a")!.open();
  assertEquals(await (await a).text(), "2");
  await runner.drain();
  assertEquals([events, runner.stats().failed], [["b", "a"], 0]);
});

test("currentBackgroundTasks() outside a request throws, and says so", () => {
  assertThrows(
    () => currentBackgroundTasks(),
    TypeError,
    "Cannot get the background tasks: this code runs outside a request, above its front door, or " +
      "./context was loaded later; write app.use(backgroundTasks()) before the route",
  );
});

test("currentBackgroundTasks() works below a second door of Node, where a middleware lost the context between them", () => {
  const res = {
    statusCode: 200,
    headersSent: false,
    writableFinished: false,
    prependOnceListener: () => {},
  };
  const req = {};
  let next: () => unknown = () => {};
  nodeTasks()(
    req,
    res,
    () => void (next = () => nodeTasks()(req, res, currentBackgroundTasks)),
  );
  assertStrictEquals(next(), getBackgroundTasks(req)); // as an emitter calls it that was made before
});
