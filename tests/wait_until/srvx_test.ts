import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  TaskRunner,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { serve } from "srvx";
import { srvx } from "../../src/wait_until/srvx.ts";
import { gate } from "../harness/gate.ts";
import { Owner } from "../harness/owner.ts";
import { host } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";

if (host === "workerd") {
  test("srvx finds the waitUntil that srvx puts on the request of a Worker", async () => {
    const context = new Owner();
    const promise = Promise.resolve();
    const server = serve({
      manual: true,
      fetch(request): Response {
        srvx.findWaitUntil({ request })!(promise);
        return new Response("ok");
      },
    });
    const fetch = server.fetch as (...args: unknown[]) => Promise<Response>;
    await fetch(new Request("http://localhost/"), {}, context);
    assertStrictEquals(context.promises[0], promise);
  });
} else {
  test("srvx finds the waitUntil that srvx puts on the request, and close() waits for the tasks", async () => {
    const runner = new TaskRunner();
    const events: string[] = [];
    const released = gate();
    const app = new Hono<BackgroundTasksEnv>();
    app.use(backgroundTasks({ runner }));
    app.get("/", (c) => {
      c.var.backgroundTasks.addTask(async () => {
        await released.opened;
        events.push("task");
      });
      return c.text("ok");
    });
    const server = serve({
      fetch: (request) => app.fetch(request),
      gracefulShutdown: false,
      hostname: "127.0.0.1",
      port: 0,
      silent: true,
    });
    await server.ready();
    await (await fetch(server.url!)).text();
    assertEquals(runner.stats().platform, "srvx");
    const closed = server.close(true).then(() => void events.push("closed"));
    // where nobody waits for the task, this is long enough for the server to close
    for (let turn = 0; turn < 50; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    released.open();
    await closed;
    assertEquals(events, ["task", "closed"]);
  });
}

test("srvx finds nothing on the request of another server, and calls what it finds as a method", () => {
  const request = new Request("http://localhost/");
  assertStrictEquals(srvx.findWaitUntil({ request }), undefined);
  assertStrictEquals(srvx.findWaitUntil({}), undefined);
  const owner = new Owner();
  Object.assign(owner, { waitUntil: owner.waitUntil }); // its own, as srvx makes it
  const promise = Promise.resolve();
  srvx.findWaitUntil({ request: owner as unknown as Request })!(promise);
  assertStrictEquals(owner.promises[0], promise);
});

test("srvx finds nothing on a request of Next.js, which inherits a waitUntil that throws", () => {
  // `NextRequestHint` in packages/next/src/server/web/adapter.ts of vercel/next.js
  class NextRequestHint extends Request {
    waitUntil(): void {
      throw new Error("accepts an async API directly with the form");
    }
  }
  const request = new NextRequestHint("http://localhost/");
  assertStrictEquals(srvx.findWaitUntil({ request }), undefined);
});
