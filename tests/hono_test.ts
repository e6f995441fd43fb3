import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  type BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  type BackgroundTasksOptions,
  getBackgroundTasks,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { intercept, type Interception } from "../src/request/interception.ts";
import { nothingShared, testUnless } from "./harness/left_out.ts";
import { test } from "./harness/test.ts";

/** An app whose tasks, and what became of them, are recorded. */
function record(options: BackgroundTasksOptions = {}): {
  app: Hono<BackgroundTasksEnv>;
  events: string[];
  runner: TaskRunner;
  add: (tasks: BackgroundTasks, name: string) => void;
} {
  const events: string[] = [];
  const runner = new TaskRunner({
    observers: [{
      onEnd: ({ name, status }) => void events.push(`${name} ${status}`),
    }],
  });
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ runner, ...options }));
  const add = (tasks: BackgroundTasks, name: string): void =>
    void tasks.with({ name }).addTask(() => {});
  return { app, events, runner, add };
}

/** An execution context as Workers hand it over. */
function executionContext(): ExecutionContext & {
  promises: Promise<unknown>[];
} {
  return {
    promises: [],
    props: {},
    passThroughOnException(): void {},
    waitUntil(promise: Promise<unknown>): void {
      if (this === undefined) throw new TypeError("Illegal invocation");
      this.promises.push(promise);
    },
  };
}
type ExecutionContext = {
  props: unknown;
  passThroughOnException(): void;
  waitUntil(promise: Promise<unknown>): void;
};

test("backgroundTasks() runs tasks after the handler, with the answer untouched", async () => {
  const { app, events, runner, add } = record();
  app.get("/", (c) => {
    add(c.var.backgroundTasks, "task");
    return c.text("hello", 201, { "x-own": "yes" });
  });
  const response = await app.request("/");
  assertEquals(events, []);
  assertEquals(
    [response.status, response.headers.get("x-own"), await response.text()],
    [201, "yes", "hello"],
  );
  await runner.drain();
  assertEquals(events, ["task succeeded"]);
});

test("backgroundTasks() hands waitUntil one promise per request, at the first task", async () => {
  const { app, events, add } = record();
  const context = executionContext();
  app.get("/", (c) => {
    assertEquals(context.promises.length, 0);
    add(c.var.backgroundTasks, "one");
    assertEquals(context.promises.length, 1);
    add(c.var.backgroundTasks, "two");
    return c.text("hello");
  });
  await app.request("/", {}, {}, context);
  assertEquals(context.promises.length, 1);
  await context.promises[0];
  assertEquals(events, ["one succeeded", "two succeeded"]);
});

test("backgroundTasks() never calls waitUntil for a request without tasks", async () => {
  const { app } = record();
  const context = executionContext();
  app.get("/", (c) => c.text("hello"));
  await app.request("/", {}, {}, context);
  assertEquals(context.promises.length, 0);
});

testUnless(
  nothingShared,
  "backgroundTasks() asks for the execution context once where a server hands over none",
  async () => {
    intercept({}, {} as Interception); // from then on each request is looked up, by its context too
    const servers = [
      { completed: Promise.resolve() },
      { requestIP: () => null },
      { outgoing: {} },
    ];
    for (const server of servers) await asksOnce(server);
  },
);

async function asksOnce(server: object): Promise<void> {
  const { runner, add } = record();
  const context = executionContext();
  const app = new Hono<BackgroundTasksEnv>();
  let asked = 0;
  app.use(async (c, next) => {
    const { executionCtx } = Object.getOwnPropertyDescriptors(
      Object.getPrototypeOf(c),
    );
    const get = (): unknown => {
      asked++;
      return executionCtx?.get?.call(c);
    };
    Object.defineProperty(c, "executionCtx", { get });
    await next();
  });
  app.use(backgroundTasks({ runner }));
  app.get("/", (c) => {
    add(c.var.backgroundTasks, "task");
    return c.text("hello");
  });
  for (let i = 0; i < 3; i++) await app.request("/", {}, server);
  assertEquals(asked, 1);
  // nothing of that applies to whoever else calls the app
  await app.request("/", {}, {}, context);
  assertEquals([asked, context.promises.length], [3, 1]);
  await runner.drain();
}

test("backgroundTasks() merges the tasks of every middleware, helper and sub-app into one queue", async () => {
  const { app, events, runner, add } = record();
  const queues = new Set<BackgroundTasks>();
  app.use(async (c, next) => {
    queues.add(c.var.backgroundTasks);
    add(c.var.backgroundTasks, "before");
    await next();
    add(c.var.backgroundTasks, "after");
  });
  app.use(backgroundTasks({ runner }));
  const sub = new Hono<BackgroundTasksEnv>();
  sub.use(backgroundTasks({ runner }));
  sub.get("/page", (c) => {
    queues.add(getBackgroundTasks(c));
    add(getBackgroundTasks(c), "handler");
    return c.text("page");
  });
  app.route("/sub", sub);
  assertEquals((await app.request("/sub/page")).status, 200);
  await runner.drain();
  assertEquals(events, [
    "before succeeded",
    "handler succeeded",
    "after succeeded",
  ]);
  assertEquals(queues.size, 1);
});

test("backgroundTasks() keeps one queue with the front doors that its handlers call", async () => {
  const { app, events, runner, add } = record();
  const other = new Hono<BackgroundTasksEnv>();
  other.use(backgroundTasks({ runner }));
  other.get("/", (c) => {
    add(c.var.backgroundTasks, "other app");
    return c.text("ok");
  });
  const wrapped = withBackgroundTasks(
    async (request, tasks, ...rest: unknown[]) => {
      add(tasks, "wrapper");
      return await other.fetch(request, ...rest as [object, ExecutionContext]);
    },
  );
  app.get("/", async (c) => {
    add(c.var.backgroundTasks, "handler");
    const response = await wrapped(c.req.raw, c.env, c.executionCtx);
    add(c.var.backgroundTasks, "handler again");
    return response;
  });
  const request = new Request("https://example.com/");
  for (let i = 0; i < 2; i++) { // the same request again is another one
    const context = executionContext();
    await app.fetch(request, {}, context);
    await runner.drain();
    assertEquals(context.promises.length, 1);
  }
  const once = ["handler", "wrapper", "other app", "handler again"];
  assertEquals(
    events,
    [...once, ...once].map((name) => `${name} succeeded`),
  );
});

test("backgroundTasks() discards tasks added before the handler threw, and says so", async () => {
  const { app, events, runner, add } = record();
  app.get("/", (c) => {
    const tasks = c.var.backgroundTasks;
    add(tasks, "success");
    tasks.with({ name: "failure", runOn: "failure" }).addTask(() => {});
    tasks.with({ name: "always", runOn: "always" }).addTask(() => {});
    tasks.with({
      name: "predicate",
      runOn: (outcome, { status }) => outcome === "failure" && status === 500,
    }).addTask(() => {});
    throw new Error("handler failed");
  });
  app.onError((_, c) => {
    add(c.var.backgroundTasks, "error handler");
    return c.text("sorry", 500);
  });
  assertEquals((await app.request("/")).status, 500);
  await runner.drain();
  assertEquals(events, [
    "success discarded",
    "failure succeeded",
    "always succeeded",
    "predicate succeeded",
    "error handler succeeded",
  ]);
});

test("backgroundTasks() runs tasks of a handler that returned an error status", async () => {
  const { app, events, runner, add } = record();
  app.get("/", (c) => {
    add(c.var.backgroundTasks, "task");
    c.var.backgroundTasks.with({ name: "failure", runOn: "failure" }).addTask(
      () => {},
    );
    return c.text("not found", 404);
  });
  await app.request("/");
  await runner.drain();
  assertEquals(events, ["task succeeded", "failure discarded"]);
});

test("backgroundTasks() counts a thrown non-Error, which escapes Hono, as a failure", async () => {
  const { app, events, runner, add } = record();
  app.get("/", (c) => {
    add(c.var.backgroundTasks, "success");
    c.var.backgroundTasks.with({ name: "failure", runOn: "failure" }).addTask(
      () => {},
    );
    throw "a string";
  });
  await assertRejects(async () => await app.request("/"));
  await runner.drain();
  assertEquals(events, ["success discarded", "failure succeeded"]);
});

test("backgroundTasks() keeps its response for HEAD, 204, 304 and a redirect", async () => {
  const { app, events, runner, add } = record();
  for (const status of [204, 304, 302] as const) {
    app.get(`/${status}`, (c) => {
      add(c.var.backgroundTasks, `${status}`);
      return c.body(null, status, { location: "/elsewhere" });
    });
  }
  app.get("/200", (c) => {
    add(c.var.backgroundTasks, c.req.method);
    return c.text("hello");
  });
  for (const status of [204, 304, 302]) {
    const response = await app.request(`/${status}`);
    assertEquals([response.status, response.body], [status, null]);
    await runner.drain();
  }
  assertEquals((await app.request("/200", { method: "HEAD" })).body, null);
  await runner.drain();
  assertEquals(events, [
    "204 succeeded",
    "304 succeeded",
    "302 succeeded",
    "HEAD succeeded",
  ]);
});

test("backgroundTasks() gives tasks its options as defaults", async () => {
  const { app, events, runner } = record({ timeout: 1, onTaskError: () => {} });
  app.get("/", (c) => {
    c.var.backgroundTasks.with({ name: "hangs" }).addTask(() =>
      new Promise(() => {})
    );
    return c.text("hello");
  });
  await app.request("/");
  await runner.drain();
  assertEquals(events, ["hangs timed-out"]);
});

test("backgroundTasks() refuses wrong options where it is registered", () => {
  assertThrows(
    () => backgroundTasks({ stopOnErrors: true } as never),
    TypeError,
    'option "stopOnErrors"',
  );
});

test("backgroundTasks() that is registered without being called says what to write", async () => {
  const app = new Hono();
  app.use(backgroundTasks as never);
  app.onError((error, c) => c.text(error.message, 500));
  assertEquals(
    await (await app.request("/")).text(),
    "Cannot use a context as options: write app.use(backgroundTasks())",
  );
});

test("getBackgroundTasks() says what to write where the middleware is missing", async () => {
  const app = new Hono();
  let tasks: unknown;
  app.get("/", (c) => {
    tasks = getBackgroundTasks(c);
    return c.text("");
  });
  app.onError((error) => {
    tasks = error;
    return new Response();
  });
  await app.request("/");
  assertStrictEquals(tasks instanceof TypeError, true);
  assertEquals(
    (tasks as Error).message,
    "Cannot get the background tasks: no front door is open for this request; write " +
      "app.use(backgroundTasks()) before the route, or fetch: withBackgroundTasks(app)",
  );
});

test("backgroundTasks() inside withBackgroundTasks() leaves the outer door what the server handed it, an execution context alone", async () => {
  const promises: Promise<unknown>[] = [];
  const context = {
    waitUntil: (promise: Promise<unknown>) => void promises.push(promise),
  };
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks());
  app.get("/", (c) => {
    c.var.backgroundTasks.addTask(() => {});
    return c.text("ok");
  });
  const fetch = withBackgroundTasks((
    request,
    _tasks,
    ..._: [undefined, typeof context]
  ) => app.fetch(request, { inner: true }));
  const response = await fetch(
    new Request("https://example.com/"),
    undefined,
    context,
  );
  await response.text();
  assertEquals(promises.length, 1);
  await Promise.all(promises);
});

test("backgroundTasks() leaves a response alone that it need not replace", async () => {
  const runner = new TaskRunner();
  let set = 0;
  const app = new Hono<BackgroundTasksEnv>();
  app.use(async (c, next) => {
    const { get, set: write } = Object.getOwnPropertyDescriptor(
      Object.getPrototypeOf(c),
      "res",
    )!;
    Object.defineProperty(c, "res", {
      configurable: true,
      get: () => get!.call(c),
      set(response) {
        set++;
        write!.call(c, response);
      },
    });
    await next();
  });
  app.use(backgroundTasks({ runner }));
  app.get("/", (c) => {
    c.var.backgroundTasks.addTask(() => {});
    return new Response(null, { status: 204 });
  });
  assertEquals((await app.request("/")).status, 204);
  await runner.drain();
  assertEquals(set, 1);
});
