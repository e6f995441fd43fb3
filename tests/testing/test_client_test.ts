import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  type BackgroundTasks,
  BackgroundTasks as Tasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
  drain,
  task,
  TaskEnqueueError,
  TaskQueueFullError,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import {
  memoryQueue,
  TestClient,
  type TestClientOptions,
  TestExecutionContext,
} from "@postlude/background-tasks/testing";
import { Hono } from "hono";
import { gate } from "../harness/gate.ts";
import { test } from "../harness/test.ts";

/** A client of a wrapped handler that adds tasks and answers "ok". */
function clientOf(
  add: (tasks: BackgroundTasks) => void,
  options?: TestClientOptions,
): TestClient {
  const app = withBackgroundTasks((_request, tasks) => {
    add(tasks);
    return new Response("ok");
  }, { onTaskError: () => {} });
  return new TestClient(app, options);
}

const turns = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, 2));

function* names(tasks: Iterable<{ name: string }>): Iterable<string> {
  for (const { name } of tasks) yield name;
}

test("TestClient.request() resolves when the tasks have ended, nested ones too", async () => {
  const events: string[] = [];
  const client = clientOf((tasks) => {
    tasks.addTask(async () => {
      await turns();
      events.push("first");
      tasks.addTask(async () => {
        await turns();
        events.push("nested");
      });
    });
  });
  const response = await client.get("/");
  events.push(await response.text());
  assertEquals(events, ["first", "nested", "ok"]);
});

test("TestClient.request() sees the tasks of an app with a middleware of its own", async () => {
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks());
  app.get("/", (c) => {
    c.var.backgroundTasks.addTask(function sendEmail() {});
    return c.text("ok");
  });
  const client = new TestClient(app);
  await client.get("/");
  assertEquals([...names(client.tasks.succeeded)], ["sendEmail"]);
});

test("TestClient.request() sees the tasks of nested front doors once", async () => {
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks()).use(backgroundTasks());
  app.get("/", (c) => {
    c.var.backgroundTasks.addTask(function inner() {});
    return c.text("ok");
  });
  const client = new TestClient(withBackgroundTasks((request, tasks) => {
    tasks.addTask(function outer() {});
    return app.fetch(request);
  }));
  await client.get("/");
  assertEquals([...names(client.tasks.ran)], ["outer", "inner"]);
});

test("TestClient.request() sees the tasks of an app whose request was replaced", async () => {
  const inner = withBackgroundTasks((
    _request,
    tasks,
    ..._platform: unknown[]
  ) => {
    tasks.addTask(function inner() {});
    return new Response("ok");
  });
  const client = new TestClient((
    request: Request,
    env: unknown,
    ctx: TestExecutionContext,
  ) => inner(new Request(request), env, ctx));
  await client.get("/");
  assertEquals([...names(client.tasks.ran)], ["inner"]);
});

test("TestClient.request() sees the tasks of a handler that calls runAfter() itself", async () => {
  const client = new TestClient((request: Request) => {
    const tasks = new Tasks();
    tasks.addTask(function early() {});
    return tasks.runAfter(new Response("ok"), { request });
  });
  await client.get("/");
  assertEquals([...names(client.tasks.succeeded)], ["early"]);
  assertEquals(client.tasks.added[0]?.added, "before the response");
});

test("TestClient.request() keeps the tasks of two clients apart", async () => {
  const app = withBackgroundTasks(async (request, tasks) => {
    const name = new URL(request.url).pathname;
    tasks.with({ name }).addTask(turns);
    await turns();
    tasks.with({ name: `${name} again` }).addTask(turns);
    return new Response("ok");
  });
  const [one, two] = [new TestClient(app), new TestClient(app)];
  await Promise.all([one.get("/one"), two.get("/two")]);
  assertEquals([...names(one.tasks.succeeded)], ["/one", "/one again"]);
  assertEquals([...names(two.tasks.succeeded)], ["/two", "/two again"]);
});

test("TestClient.request() sends JSON, forms, bytes, headers and a query", async () => {
  const client = new TestClient(async (request: Request) =>
    Response.json([
      request.method,
      new URL(request.url).pathname + new URL(request.url).search,
      request.headers.get("content-type"),
      request.headers.get("x-own"),
      await request.text(),
    ])
  );
  const sent = async (response: Promise<Response>): Promise<unknown> =>
    (await response).json();
  assertEquals(
    await sent(
      client.post("/a", { json: { b: [1] }, query: { c: 1, d: "e f" } }),
    ),
    ["POST", "/a?c=1&d=e+f", "application/json", null, '{"b":[1]}'],
  );
  assertEquals(
    await sent(client.put("/a?b=1", {
      form: { c: "d e" },
      headers: { "x-own": "yes" },
      query: new URLSearchParams([["f", "1"], ["f", "2"]]),
    })),
    [
      "PUT",
      "/a?b=1&f=1&f=2",
      "application/x-www-form-urlencoded;charset=UTF-8",
      "yes",
      "c=d+e",
    ],
  );
  assertEquals(
    await sent(client.patch("/a", {
      body: "x",
      headers: { "content-type": "text/css" },
    })),
    ["PATCH", "/a", "text/css", null, "x"],
  );
  assertEquals(await sent(client.delete("http://other.test/a")), [
    "DELETE",
    "/a",
    null,
    null,
    "",
  ]);
  assertEquals(await sent(client.request("/a", { method: "OPTIONS" })), [
    "OPTIONS",
    "/a",
    null,
    null,
    "",
  ]);
  const form = new FormData();
  form.set("file", "content");
  const [, , type, , body] = await sent(
    client.post("/", { form }),
  ) as string[];
  assertMatch(type!, /^multipart\/form-data/);
  assertMatch(body!, /content/);
});

test("TestClient.request() leaves out what a query or a form has undefined", async () => {
  const client = new TestClient(async (request: Request) =>
    new Response(new URL(request.url).search + await request.text())
  );
  const fields = { page: "2", sort: undefined } as unknown as { page: string };
  const got = await client.get("/", { query: fields });
  const posted = await client.post("/", { form: fields });
  assertEquals([await got.text(), await posted.text()], ["?page=2", "page=2"]);
  const form = [["page", "1"], ["page", "2"]] as never; // as URLSearchParams takes it
  assertEquals(
    await (await client.post("/", { form })).text(),
    "page=1&page=2",
  );
});

test("TestClient.request() refuses what it cannot send, saying what to write", async () => {
  const client = new TestClient(() => new Response("ok"));
  const wrong = (value: unknown) => value as never;
  const cases: [() => Promise<unknown>, string][] = [
    [
      () => client.get(wrong(undefined)),
      'Cannot request undefined: write a path such as "/signup", a URL, or a Request',
    ],
    [
      () => client.post("/", { body: wrong({ a: 1 }) }),
      "Cannot send an object as it is: write json: value in place of body: value",
    ],
    [
      () => client.post("/", { body: wrong([1]) }),
      "Cannot send an array as it is: write json: value in place of body: value",
    ],
    [
      () => client.get("/", { query: wrong("page=2") }),
      'Cannot use query "page=2": write an object such as { page: 2 }',
    ],
    [
      () => client.get("/", { query: wrong(null) }),
      "Cannot use query null: write an object such as { page: 2 }",
    ],
    [
      () => client.post("/", { form: wrong(null) }),
      "Cannot use form null: write an object such as { page: 2 }",
    ],
    [
      () => client.get("/", { method: "POST" }),
      'Cannot send a GET with method "POST": write client.request(path, { method: "POST" })',
    ],
  ];
  for (const [send, message] of cases) {
    const error = await assertRejects(send, TypeError);
    assertEquals(error.message, message);
  }
});

test("TestClient.request() refuses two bodies and unknown options", async () => {
  const client = new TestClient(() => new Response("ok"));
  await assertRejects(
    () => client.post("/", { json: 1, form: {} }),
    TypeError,
    "Cannot send more than one body: write one of json, form and body",
  );
  await assertRejects(
    () => client.post("/", { data: 1 } as never),
    TypeError,
    'Cannot use request option "data"',
  );
});

test("TestClient.request() returns status, headers and body as the app made them", async () => {
  const client = new TestClient((request: Request) =>
    new URL(request.url).pathname === "/empty"
      ? new Response(null, { status: 204, headers: { "x-own": "yes" } })
      : new Response("hello", { status: 201, headers: { "x-own": "yes" } })
  );
  const response = await client.get("/");
  assertEquals(
    [response.status, response.headers.get("x-own"), await response.text()],
    [201, "yes", "hello"],
  );
  const empty = await client.get("/empty");
  assertEquals([empty.status, empty.headers.get("x-own")], [204, "yes"]);
});

test("TestClient.request() hands the app env and an execution context that it waits for", async () => {
  const events: string[] = [];
  const app = new Hono<{ Bindings: { KEY: string } }>();
  app.get("/", (c) => {
    c.executionCtx.waitUntil(turns().then(() => void events.push(c.env.KEY)));
    return c.text("ok");
  });
  await new TestClient(app, { env: { KEY: "secret" } }).get("/");
  assertEquals(events, ["secret"]);

  const executionCtx = new TestExecutionContext();
  await new TestClient(app, { executionCtx, env: { KEY: "own" } }).get("/");
  assertEquals(events, ["secret", "own"]);
  assertEquals(executionCtx.promises.length, 1);
});

test("TestClient.request() waits for a first task that is added after the response", async () => {
  const outcomes: unknown[] = [];
  const client = new TestClient(
    withBackgroundTasks((
      _request,
      tasks,
      _env: unknown,
      ctx: TestExecutionContext,
    ) => {
      const add = (): void => {
        tasks.with({
          runOn: (_outcome, { outcome }) => outcomes.push(outcome) > 0,
        }).addTask(turns);
      };
      ctx.waitUntil(turns().then(turns).then(turns).then(add));
      return new Response("ok");
    }),
  );
  await client.get("/");
  const [late] = client.tasks.succeeded;
  assertEquals([late?.name, late?.added], ["turns", "after the response"]);
  assertEquals(outcomes, ["sent"]);
});

test("TestClient.request() rejects with what a waitUntil promise rejected with", async () => {
  const app = (_request: Request, _env: unknown, ctx: TestExecutionContext) => {
    ctx.waitUntil(Promise.reject(new Error("lost")));
    return new Response("ok");
  };
  await assertRejects(() => new TestClient(app).get("/"), Error, "lost");
  const quiet = new TestClient(app, { raiseTaskErrors: false });
  assertEquals((await quiet.get("/")).status, 200);
});

test("TestClient.request() reads a stream to its end before the first task starts", async () => {
  const events: string[] = [];
  const client = clientOf(() => {});
  const streaming = new TestClient(withBackgroundTasks((_request, tasks) => {
    tasks.addTask(function early() {
      events.push("early");
    });
    let chunks = 0;
    return new Response(
      new ReadableStream({
        async pull(controller): Promise<void> {
          await turns();
          events.push("chunk");
          if (++chunks < 3) return controller.enqueue(new Uint8Array([65]));
          tasks.addTask(function late() {
            events.push("late");
          });
          controller.close();
        },
      }),
    );
  }));
  assertEquals(await (await streaming.get("/")).text(), "AA");
  assertEquals(events, ["chunk", "chunk", "chunk", "early", "late"]);
  assertEquals(
    streaming.tasks.added.map(({ name, added, started, ended }) => [
      name,
      added,
      started,
      ended,
    ]),
    [
      [
        "early",
        "before the response",
        "after the response",
        "after the response",
      ],
      ["late", "during the body", "after the response", "after the response"],
    ],
  );
  assertEquals(client.tasks.size, 0);
});

test("TestClient.request() runs a task that only the stream added", async () => {
  const client = new TestClient(
    withBackgroundTasks((_request, tasks) =>
      new Response(
        new ReadableStream({
          pull(controller): void {
            tasks.addTask(function fromStream() {});
            controller.close();
          },
        }, { highWaterMark: 0 }),
      )
    ),
  );
  await client.get("/");
  assertEquals([...names(client.tasks.succeeded)], ["fromStream"]);
});

test("TestClient.request() throws what the body throws, after the tasks", async () => {
  const broken = new Error("broken");
  const outcomes: unknown[] = [];
  const client = new TestClient(withBackgroundTasks((_request, tasks) => {
    tasks.with({
      runOn: (_outcome, { outcome }) => outcomes.push(outcome) > 0,
    }).addTask(function cleanUp() {});
    return new Response(
      new ReadableStream({ pull: (controller) => controller.error(broken) }),
    );
  }));
  await assertRejects(() => client.get("/"), Error, "broken");
  assertEquals([...names(client.tasks.succeeded)], ["cleanUp"]);
  assertEquals(outcomes, ["errored"]);
});

test("TestClient.request() throws what the handler throws, and shows what was discarded", async () => {
  const thrown = new Error("handler");
  const client = clientOf((tasks) => {
    tasks.addTask(function onSuccess() {});
    tasks.with({ runOn: "failure" }).addTask(function onFailure() {});
    throw thrown;
  });
  assertStrictEquals(
    await assertRejects(() => client.get("/"), Error),
    thrown,
  );
  assertEquals([...names(client.tasks.discarded)], ["onSuccess"]);
  assertEquals([...names(client.tasks.succeeded)], ["onFailure"]);
});

test("TestClient.request() rejects with the name and the error of a task that fails", async () => {
  const cause = new Error("no mail server");
  const client = clientOf((tasks) => {
    tasks.addTask(function sendEmail() {
      throw cause;
    });
    tasks.addTask(function audit() {});
    tasks.addTask(function callWebhook() {
      throw "down";
    });
  });
  const error = await assertRejects(() => client.get("/"), Error);
  assertEquals(
    error.message,
    'Cannot finish task "sendEmail": it failed with Error: no mail server, and task "callWebhook" ' +
      "failed too; write raiseTaskErrors: false to look at it in client.tasks.failed",
  );
  assertStrictEquals(error.cause, cause);
  assertEquals([...names(client.tasks.ran)], [
    "sendEmail",
    "audit",
    "callWebhook",
  ]);
});

test("TestClient.request() rejects with the name of a task that throws what nobody can look at", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const client = clientOf((tasks) => {
    tasks.addTask(function sendEmail() {
      throw proxy;
    });
  });
  await assertRejects(
    () => client.get("/"),
    Error,
    'Cannot finish task "sendEmail": it failed with …',
  );
});

test("TestClient.request() leaves a failed task to the test with raiseTaskErrors: false", async () => {
  const client = clientOf(
    (tasks) =>
      void tasks.addTask(function sendEmail() {
        throw "no mail server";
      }),
    { raiseTaskErrors: false },
  );
  assertEquals(await (await client.get("/")).text(), "ok");
  const [failed] = client.tasks.failed;
  assertEquals([failed?.name, failed?.status, failed?.error], [
    "sendEmail",
    "failed",
    "no mail server",
  ]);
});

test("TestClient.request() does not reject where the app answers for a refused durable task", async () => {
  const queue = memoryQueue();
  const sendEmail = defineTask("send-email", { queue }, (_, _to: string) => {});
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks());
  app.onError((error, c) =>
    error instanceof TaskEnqueueError
      ? c.text("Try again later", 503)
      : c.text("Internal Server Error", 500)
  );
  app.post("/signup", (c) => {
    c.var.backgroundTasks.addTask(sendEmail, "ada@example.com");
    return c.text("ok");
  });
  queue.refuse("unknown");
  for (const tasks of ["run", "record", "manual"] as const) {
    const client = new TestClient(app, { tasks });
    assertEquals((await client.post("/signup")).status, 503);
    assertEquals([...names(client.tasks.failed)], ["send-email"]);
    assertEquals(await client.tasks.runAll(), []);
  }
});

test("TestClient.request() rejects where another task fails beside a refused durable one", async () => {
  const queue = memoryQueue();
  queue.refuse("not-queued");
  const durable = defineTask("durable", { queue }, () => {});
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ onTaskError: () => {} }));
  app.onError((_error, c) => c.text("Try again later", 503));
  app.post("/", (c) => {
    c.var.backgroundTasks.addTask(durable);
    c.var.backgroundTasks.with({ runOn: "always" }).addTask(function audit() {
      throw new Error("no database");
    });
    return c.text("ok");
  });
  const { message } = await assertRejects(
    () => new TestClient(app).post("/"),
    Error,
  );
  assertEquals(
    message,
    'Cannot finish task "audit": it failed with Error: no database; write raiseTaskErrors: false to ' +
      "look at it in client.tasks.failed",
  );
});

test("TestClient.request() says what is wrong with what the app returned", async () => {
  const client = new TestClient((() => "ok") as never);
  await assertRejects(
    () => client.get("/"),
    TypeError,
    'Cannot read "ok" as a response: the fetch handler must return a Response',
  );
});

test("TestClient.request() keeps the app's runner, its limits and observers", async () => {
  const events: string[] = [];
  const runner = new TaskRunner({
    maxPending: 1,
    observers: [{ onEnd: ({ name }) => void events.push(name) }],
  });
  const client = new TestClient(withBackgroundTasks((_request, tasks) => {
    tasks.addTask(function first() {});
    tasks.addTask(function second() {});
    return new Response("ok");
  }, { runner }));
  await assertRejects(() => client.get("/"), TaskQueueFullError);
  assertEquals(events, ["first"]); // discarded
});

test("TestClient.request() leaves a request that adds nothing alone", async () => {
  const executionCtx = new TestExecutionContext();
  const made = new Response(null);
  const client = new TestClient(withBackgroundTasks(() => made), {
    executionCtx,
  });
  assertStrictEquals(await client.get("/"), made);
  assertEquals(executionCtx.promises, []);
});

test("TestClient.request() needs no timer that a test may have replaced", async () => {
  const { setTimeout, setImmediate } = globalThis as unknown as Record<
    string,
    unknown
  >;
  const events: string[] = [];
  const client = clientOf((tasks) =>
    void tasks.addTask(() => events.push("ran"))
  );
  Object.assign(globalThis, {
    setTimeout: () => assert(false),
    setImmediate: () => assert(false),
  });
  try {
    await client.get("/");
  } finally {
    Object.assign(globalThis, { setTimeout, setImmediate });
  }
  assertEquals(events, ["ran"]);
});

test("TestClient() refuses wrong options, saying what to write", () => {
  const app = (): Response => new Response("ok");
  const cases: [unknown, unknown, typeof TypeError, string][] = [
    [1, {}, TypeError, "Cannot test 1: write new TestClient(app)"],
    [app, { task: "run" }, TypeError, 'Cannot use test client option "task"'],
    [app, { tasks: "later" }, RangeError, 'Cannot use tasks "later"'],
    [app, { raiseTaskErrors: 1 }, TypeError, "Cannot use raiseTaskErrors 1"],
    [app, { clock: {} }, TypeError, "write new VirtualClock()"],
    [app, { executionCtx: 1 }, TypeError, "write new TestExecutionContext()"],
    [app, { executionCtx: null }, TypeError, "Cannot use executionCtx null"],
    [app, { cookies: new Map() }, TypeError, "write new CookieJar()"],
    [app, { timeLimit: 0 }, RangeError, "Cannot use timeLimit 0"],
  ];
  for (const [app, options, ErrorClass, message] of cases) {
    assertThrows(
      () => new TestClient(app as never, options as never),
      ErrorClass,
      message,
    );
  }
});

test('TestClient({ tasks: "record" }) runs nothing, and nobody else hears of the tasks', async () => {
  const events: string[] = [];
  const executionCtx = new TestExecutionContext();
  const client = clientOf((tasks) => {
    tasks.addTask(function first() {
      events.push("first");
      tasks.addTask(function nested() {
        events.push("nested");
      });
    });
    tasks.addTask(function second() {
      events.push("second");
    });
  }, { tasks: "record", executionCtx });
  await client.get("/");
  await turns();
  assertEquals(events, []);
  assertEquals(executionCtx.promises, []);
  const { abandoned } = await drain({ timeout: 0 });
  assertEquals(abandoned.filter(({ name }) => name === "first"), []);
  assertEquals([...names(client.tasks.waiting)], ["first", "second"]);

  const next = await client.tasks.runNext();
  assertEquals([next?.name, next?.status], ["first", "succeeded"]);
  assertEquals(events, ["first"]);
  assertEquals([...names(client.tasks.waiting)], ["second", "nested"]);
  assertEquals([...names(await client.tasks.runAll())], ["second", "nested"]);
  assertEquals(events, ["first", "second", "nested"]);
  assertEquals(await client.tasks.runNext(), undefined);
  assertEquals(await client.tasks.runAll(), []);
});

test('TestClient({ tasks: "record" }) is not waited for by a drain() that goes on meanwhile', async () => {
  const finished = gate();
  const work = (): Promise<void> => finished.opened;
  const tasks = new Tasks();
  tasks.addTask(work);
  tasks.runAfter(new Response("ok"));
  const draining = drain();
  const client = clientOf((tasks) => void tasks.addTask(work), {
    tasks: "record",
  });
  await client.get("/");
  finished.open();
  assertEquals(await draining, { finished: 1, failed: 0, abandoned: [] });
  assertEquals(client.tasks.waiting.length, 1);
});

test('TestClient({ tasks: "manual" }) holds the tasks at their place in the app\'s runner', async () => {
  const runner = new TaskRunner({ maxPending: 2 });
  const executionCtx = new TestExecutionContext();
  const client = new TestClient(
    withBackgroundTasks((_request, tasks) => {
      tasks.addTask(function work() {});
      return new Response("ok");
    }, { runner }),
    { tasks: "manual", executionCtx },
  );
  await client.get("/");
  await client.get("/");
  assertEquals(runner.stats().pending, 2);
  assertEquals(executionCtx.promises.length, 2);
  await assertRejects(() => client.get("/"), TaskQueueFullError);
  assertEquals((await client.tasks.runNext())?.status, "succeeded");
  assertEquals(runner.stats().pending, 1);
  await client.get("/");
  assertEquals((await client.tasks.runAll()).length, 2);
  await executionCtx.wait();
  assertEquals(runner.stats().pending, 0);
});

test("TestTasks shows the arguments of a durable task as its engine gets them", async () => {
  const queue = memoryQueue();
  const index = defineTask(
    "index",
    { queue },
    (_, _order: { id: string }) => {},
  );
  const client = clientOf((tasks) => {
    const order = { id: "1" };
    tasks.addTask(index, order);
    order.id = "changed";
  });
  await client.get("/");
  const [task] = client.tasks.added;
  assertEquals([task?.args, queue.messages[0]?.args], [[{ id: "1" }], [{
    id: "1",
  }]]);
});

test("TestTasks.runNext() goes on when a held task was cancelled", async () => {
  let cancel = (): void => {};
  const client = clientOf((tasks) => {
    const first = tasks.addTask(function first() {});
    cancel = () => void first.cancel();
    tasks.addTask(function second() {});
  }, { tasks: "manual" });
  await client.get("/");
  cancel();
  assertEquals((await client.tasks.runNext())?.name, "second");
  assertEquals(await client.tasks.runNext(), undefined);
});

test("TestTasks.runNext() finds the next task on a machine that is slow", async () => {
  let add = (): void => {};
  let cancel = (): void => {};
  const client = clientOf((tasks) => {
    add = () => void tasks.addTask(function third() {});
    cancel = () => void first.cancel();
    const first = tasks.addTask(function first() {});
    tasks.addTask(function second() {});
  }, { tasks: "manual" });
  await client.get("/");
  add(); // this turn of the event loop has begun
  for (const end = performance.now() + 10; performance.now() < end;);
  cancel();
  assertEquals((await client.tasks.runNext())?.name, "second");
  await client.tasks.runAll();
});

test("TestTasks.runAll() knows of a task that was cancelled before runAfter()", async () => {
  const client = new TestClient((request: Request) => {
    const tasks = new Tasks();
    tasks.addTask(function forgotten() {}).cancel();
    tasks.addTask(function kept() {});
    return tasks.runAfter(new Response("ok"), { request });
  }, { tasks: "manual" });
  await client.get("/");
  await client.tasks.runAll();
  assertEquals(
    [...client.tasks].map(({ name, status }) => [name, status]),
    [
      ["forgotten", "cancelled"],
      ["kept", "succeeded"],
    ],
  );
});

test("TestTasks.runAll() runs the tasks of a group at once", async () => {
  let meet = (): void => {};
  const met = new Promise<void>((resolve) => meet = resolve);
  const client = clientOf(
    (tasks) =>
      tasks.addGroup(
        task(() => met),
        task(function other() {
          meet();
        }),
      ),
    { tasks: "record" },
  );
  await client.get("/");
  assertEquals((await client.tasks.runAll()).map(({ status }) => status), [
    "succeeded",
    "succeeded",
  ]);
});

test("TestTasks.runNext() and runAll() reject with the error of a task that fails", async () => {
  const client = clientOf((tasks) => {
    for (const name of ["first", "second"]) {
      tasks.with({ name }).addTask(() => {
        throw new Error(`${name} error`);
      });
    }
  }, { tasks: "record" });
  await client.get("/");
  await assertRejects(
    () => client.tasks.runNext(),
    Error,
    'Cannot finish task "first": it failed with Error: first error',
  );
  await assertRejects(
    () => client.tasks.runAll(),
    Error,
    'Cannot finish task "second": it failed with Error: second error',
  );
});

test("TestTasks.runAll() lets go what is held, and holds what comes later", async () => {
  const client = clientOf((tasks) => void tasks.addTask(function work() {}), {
    tasks: "record",
  });
  await client.get("/");
  assertEquals((await client.tasks.runAll()).length, 1);
  await client.get("/");
  await turns();
  assertEquals([client.tasks.ran.length, client.tasks.waiting.length], [1, 1]);
});

test("TestTasks.clear() forgets the tasks so far", async () => {
  const client = clientOf((tasks) => void tasks.addTask(function work() {}));
  await client.get("/");
  client.tasks.clear();
  assertEquals([client.tasks.size, client.tasks.ran], [0, []]);
  await client.get("/");
  assertEquals([...names(client.tasks)], ["work"]);
  assertEquals(client.tasks.succeeded.length, 1);
});

test("TestTasks.runAll() rejects with the error of a task, though clear() is called meanwhile", async () => {
  const client = clientOf((tasks) => {
    tasks.addTask(() => client.tasks.clear());
    tasks.addTask(function sendEmail() {
      throw new Error("no mail server");
    });
  }, { tasks: "record" });
  await client.get("/");
  await assertRejects(() => client.tasks.runAll(), Error, 'task "sendEmail"');
  assertEquals([...names(client.tasks.ran)], ["sendEmail"]);
});

test("TestTasks shows name, arguments and attempts of a task", async () => {
  const sendEmail = (..._args: unknown[]): void => {};
  const client = clientOf((tasks) =>
    void tasks.with({ name: "mail" }).addTask(sendEmail, "ada", {
      urgent: true,
    })
  );
  await client.get("/");
  const [mail] = client.tasks;
  assertEquals([mail?.name, mail?.args, mail?.attempts, mail?.status], [
    "mail",
    ["ada", { urgent: true }],
    1,
    "succeeded",
  ]);
  assertStrictEquals(mail?.fn, sendEmail);
  assertEquals(String(mail), 'mail("ada", { urgent: true })');
});
