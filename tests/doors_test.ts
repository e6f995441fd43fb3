/** What holds for every front door: who gets at the tasks, and what counts as a failure. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  type BackgroundTasksOptions,
  defineTask,
  getBackgroundTasks,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { memoryQueue } from "@postlude/background-tasks/testing";
import { Hono } from "hono";
import { consoleLines } from "./harness/console_lines.ts";
import { gate } from "./harness/gate.ts";
import { testUnless } from "./harness/left_out.ts";
import { runtime } from "./harness/runtime.ts";
import { test } from "./harness/test.ts";
import { unobserved } from "./harness/unobserved.ts";

const url = "https://example.com/";

/** Handles a request with one task of each `runOn`; the names of those that ran. */
async function ran(
  handle: () => Response,
  options: BackgroundTasksOptions = {},
): Promise<string[]> {
  const runner = new TaskRunner({ observers: [{ onEnd() {} }] });
  const names: string[] = [];
  const fetch = withBackgroundTasks((_, tasks) => {
    for (const runOn of ["success", "failure", "always"] as const) {
      tasks.with({ runOn }).addTask(() => void names.push(runOn));
    }
    return handle();
  }, { ...options, runner });
  await fetch(new Request(url)).catch(() => {});
  await runner.drain();
  return names;
}

const throwing = (error: unknown) => (): never => {
  throw error;
};

const nextRedirect = Object.assign(new Error("NEXT_REDIRECT"), {
  digest: "NEXT_REDIRECT;replace;/thanks;307;",
});
const nextNotFound = Object.assign(new Error("NEXT_HTTP_ERROR_FALLBACK;404"), {
  digest: "NEXT_HTTP_ERROR_FALLBACK;404",
});
const RETURNED = ["success", "always"];
const FAILED = ["failure", "always"];

test("withBackgroundTasks() takes what is thrown to steer for no failure", async () => {
  const cases: [unknown, string[]][] = [
    [nextRedirect, RETURNED],
    [Response.redirect(url), RETURNED],
    [new Response(null, { status: 204 }), RETURNED],
    [Object.assign(new Error("not modified"), { status: 304 }), RETURNED],
    [Object.assign(new Error("see other"), { statusCode: 303 }), RETURNED],
    [nextNotFound, FAILED],
    [new Response(null, { status: 500 }), FAILED],
    [Object.assign(new Error("gone"), { status: 410 }), FAILED],
    [Object.assign(new Error("odd"), { status: 0 }), FAILED],
    [new Error("handler failed"), FAILED],
    [undefined, FAILED],
    ["text", FAILED],
  ];
  for (const [error, expected] of cases) {
    assertEquals(await ran(throwing(error)), expected, String(error));
  }
});

test("isFailure is the app's own word, and one that throws means a failure", async () => {
  class Redirect extends Error {}
  const isFailure = (error: unknown): boolean => !(error instanceof Redirect);
  assertEquals(await ran(throwing(new Redirect()), { isFailure }), RETURNED);
  assertEquals(await ran(throwing(nextRedirect), { isFailure }), FAILED);
  const lines = await consoleLines("error", async () => {
    const isFailure = throwing(new Error("not now"));
    assertEquals(await ran(throwing(nextRedirect), { isFailure }), FAILED);
  });
  assertEquals(lines.length, 1);
  assertThrows(
    () => backgroundTasks({ isFailure: true as never }),
    TypeError,
    "isFailure",
  );
});

test("failureStatus takes a returned response with that status or above for a failure", async () => {
  const failureStatus = 500;
  const cases: [number, BackgroundTasksOptions, string[]][] = [
    [500, {}, RETURNED],
    [499, { failureStatus }, RETURNED],
    [500, { failureStatus }, FAILED],
    [503, { failureStatus }, FAILED],
    [404, { failureStatus: 400 }, FAILED],
    [500, { failureStatus, isFailure: () => false }, FAILED],
  ];
  for (const [status, options, expected] of cases) {
    const names = await ran(() => new Response(null, { status }), options);
    assertEquals(names, expected, `${status} ${JSON.stringify(options)}`);
  }
  for (const failureStatus of [399, 600, NaN]) {
    assertThrows(
      () => withBackgroundTasks(() => new Response(), { failureStatus }),
      RangeError,
      "write 500",
    );
  }
});

testUnless(
  runtime === "deno" ? "Deno's signal aborts after a success too" : undefined,
  "failureStatus is not asked for what a framework answers a client that has left",
  async () => {
    const runner = new TaskRunner({ observers: [{ onEnd() {} }] });
    const names: string[] = [];
    const client = new AbortController();
    const handled = gate();
    let handler: Promise<void> | undefined;
    const app = { // as React Router and TanStack Start answer: at once, with the handler at work
      fetch(request: Request): Response {
        const tasks = getBackgroundTasks(request);
        tasks.addTask(() => void names.push("before"));
        handler = handled.opened.then(() => {
          tasks.addTask(() => void names.push("behind the answer"));
        });
        client.abort();
        return new Response(null, { status: 500 });
      },
    };
    const fetch = withBackgroundTasks(app, { failureStatus: 500, runner });
    await fetch(new Request(url, { signal: client.signal }));
    await runner.drain();
    handled.open();
    await handler;
    await runner.drain();
    assertEquals(names, ["before", "behind the answer"]);
  },
);

testUnless(
  runtime === "deno" ? undefined : "only Deno's signal prints a warning",
  "failureStatus does not read the signal of a request",
  async () => {
    const request = new Request(url);
    let reads = 0;
    Object.defineProperty(request, "signal", { get: () => void reads++ });
    const fetch = withBackgroundTasks((_request, tasks) => {
      tasks.addTask(() => {});
      return new Response(null, { status: 500 });
    }, {
      failureStatus: 500,
      runner: new TaskRunner({ observers: [{ onEnd() {} }] }),
    });
    await fetch(request);
    assertEquals(reads, 0);
  },
);

test("failureStatus holds for Hono, for runAfter() and for durable tasks", async () => {
  const runner = new TaskRunner({ observers: [{ onEnd() {} }] });
  const names: string[] = [];
  const queue = memoryQueue();
  const durable = defineTask("durable", { queue }, () => {});
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ failureStatus: 500, runner }));
  app.get("/:status", (c) => {
    const status = Number(c.req.param("status"));
    c.var.backgroundTasks.addTask(() => void names.push(`hono ${status}`));
    c.var.backgroundTasks.addTask(durable);
    return new Response("ok", { status });
  });
  for (const status of [200, 500]) {
    assertEquals((await app.request(`/${status}`)).status, status);
    const tasks = new BackgroundTasks({ failureStatus: 500, runner });
    tasks.addTask(() => void names.push(`runAfter ${status}`));
    const response = tasks.runAfter(new Response("ok", { status }));
    assertEquals(await response.text(), "ok");
  }
  await runner.drain();
  assertEquals(names.sort(), ["hono 200", "runAfter 200"]);
  assertEquals(queue.messages.length, 1);
});

test("fail() of an app that catches errors itself is as if the handler had thrown", async () => {
  const runner = new TaskRunner({ observers: [{ onEnd() {} }] });
  const names: string[] = [];
  const app = { // as Elysia, Yoga or SvelteKit answer
    fetch(request: Request): Response {
      const tasks = getBackgroundTasks(request);
      try {
        for (const runOn of ["success", "failure", "always"] as const) {
          tasks.with({ runOn }).addTask(() => void names.push(runOn));
        }
        throw new Error("resolver failed");
      } catch (error) {
        tasks.fail(error);
        tasks.addTask(() => void names.push("added by the error handler"));
        return Response.json({ errors: 1 });
      }
    },
  };
  const fetch = withBackgroundTasks(app, { runner });
  assertEquals((await fetch(new Request(url))).status, 200);
  await runner.drain();
  assertEquals(names, [...FAILED, "added by the error handler"]);
});

test("fail() with what steers is no failure", async () => {
  const runner = new TaskRunner();
  let sent = 0;
  const fetch = withBackgroundTasks((_, tasks) => {
    tasks.addTask(() => void sent++);
    tasks.fail(nextRedirect);
    return Response.redirect(url);
  }, { runner });
  await fetch(new Request(url));
  await runner.drain();
  assertEquals(sent, 1);
});

test("What is discarded is said once for each name where nobody observes, and not where somebody does", () =>
  unobserved(async () => {
    const request = (runner: TaskRunner, name: string): Promise<unknown> =>
      assertRejects(() =>
        withBackgroundTasks((_, tasks) => {
          tasks.with({ name }).addTask(() => {});
          throw new Error("handler failed");
        }, { runner })(new Request(url))
      );
    const lines = await consoleLines("warn", async () => {
      const runner = new TaskRunner();
      for (const name of ["mail-1", "mail-1", "mail-2"]) {
        await request(runner, name);
      }
      await runner.drain();
      const watched = new TaskRunner({ observers: [{ onEnd() {} }] });
      await request(watched, "mail-3");
      await watched.drain();
    });
    assertEquals(lines.map((line) => /"(mail-.)"/.exec(line)?.[1]), [
      "mail-1",
      "mail-2",
    ]);
  }));

test("What is discarded because an engine refused a durable task beside it is said as well", () =>
  unobserved(async () => {
    const queue = memoryQueue();
    queue.enqueue = () => Promise.reject(new Error("engine is down"));
    const durable = defineTask("durable", { queue }, () => {});
    const lines = await consoleLines("warn", async () => {
      const runner = new TaskRunner();
      const fetch = withBackgroundTasks((_, tasks) => {
        tasks.addTask(durable);
        tasks.addTask(function besideIt() {});
        return new Response("ok");
      }, { runner });
      await assertRejects(() => fetch(new Request(url)), Error, "durable");
      await runner.drain();
    });
    assertEquals(lines.length, 1);
    assert(
      lines[0]?.startsWith('Task "besideIt" was discarded: the handler failed'),
    );
  }));

test("getBackgroundTasks() finds one queue by the request and by the context, below both doors", async () => {
  const runner = new TaskRunner();
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ runner }));
  app.get("*", (c) => {
    assertStrictEquals(getBackgroundTasks(c), c.var.backgroundTasks);
    assertStrictEquals(getBackgroundTasks(c.req.raw), c.var.backgroundTasks);
    return c.text("ok");
  });
  assertEquals((await app.request("/")).status, 200);
  const outer = withBackgroundTasks(app, { runner });
  assertEquals(await (await outer(new Request(url))).text(), "ok");
});

test("getBackgroundTasks() says where no door is open, whatever a header of the client says", () => {
  const sentence =
    "Cannot get the background tasks: no front door is open for this request; write " +
    "app.use(backgroundTasks()) before the route, or fetch: withBackgroundTasks(app)";
  const express = { get: () => "a header of the client" };
  for (const from of [new Request(url), {}, express]) {
    assertThrows(() => getBackgroundTasks(from), TypeError, sentence);
  }
  for (const from of [undefined, null, "request"]) {
    assertThrows(
      () => getBackgroundTasks(from as never),
      TypeError,
      "write getBackgroundTasks(c) with Hono's context, or getBackgroundTasks(request)",
    );
  }
});

for (const order of [["slow", "fast"], ["fast", "slow"]]) {
  test(`Two apps that get the same request at once each have a queue that lives: ${order[0]} first`, async () => {
    const runner = new TaskRunner();
    const names: string[] = [];
    const slow = gate();
    const app = (name: string) =>
      withBackgroundTasks(async (_, tasks) => {
        tasks.addTask(() => void names.push(`${name} before`));
        if (name === "slow") await slow.opened;
        tasks.addTask(() => void names.push(`${name} after`));
        return new Response(name);
      }, { runner });
    const request = new Request(url);
    const responses = Object.fromEntries(
      order.map((name) => [name, app(name)(request)]),
    );
    assertEquals(await (await responses["fast"]!).text(), "fast");
    slow.open();
    assertEquals(await (await responses["slow"]!).text(), "slow");
    await runner.drain();
    assertEquals(names.sort(), [
      "fast after",
      "fast before",
      "slow after",
      "slow before",
    ]);
  });
}

test("A request that is handled a second time is a new one, with the failure of neither", async () => {
  const runner = new TaskRunner({ observers: [{ onEnd() {} }] });
  const names: string[] = [];
  const seen: unknown[] = [];
  const fetch = withBackgroundTasks((_, tasks) => {
    seen.push(tasks);
    const name = `call ${seen.length}`;
    tasks.addTask(() => void names.push(name));
    if (seen.length === 1) throw new Error("handler failed");
    return new Response("ok");
  }, { runner });
  const request = new Request(url);
  await assertRejects(() => fetch(request));
  await fetch(request);
  await runner.drain();
  assertEquals([new Set(seen).size, names], [2, ["call 2"]]);
});

test("A frozen request has its tasks as any other", async () => {
  const runner = new TaskRunner();
  let calls = 0;
  const app = {
    fetch(request: Request): Response {
      getBackgroundTasks(request).addTask(() => void calls++);
      return new Response("ok");
    },
  };
  await withBackgroundTasks(app, { runner })(Object.freeze(new Request(url)));
  await runner.drain();
  assertEquals(calls, 1);
});

/** What a handler may return that is no response, and throws when it is looked at. */
const NO_RESPONSE: Record<string, () => unknown> = {
  "an object made of a response's prototype": () =>
    Object.create(Response.prototype),
  "an object whose members throw": () => ({
    get status() {
      throw new Error("not here");
    },
  }),
};

for (const [what, make] of Object.entries(NO_RESPONSE)) {
  test(`A handler that returns ${what} loses no task, of its own or of another request`, async () => {
    const runner = new TaskRunner();
    const ran: string[] = [];
    const requests = [make, () => new Response(null)].map((respond, index) =>
      withBackgroundTasks((_request, tasks) => {
        tasks.addTask(() => void ran.push(`request ${index}`));
        return respond() as Response;
      }, { runner })(new Request(url))
    );
    await Promise.all(requests);
    await runner.drain();
    assertEquals(ran.sort(), ["request 0", "request 1"]);
  });
}

test("withBackgroundTasks(app.fetch) fails at the first request, with what to write", async () => {
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks());
  app.get("/", (c) => c.text("ok"));
  app.onError((error, c) => c.text(String(error), 500));
  // @ts-expect-error: the compiler refuses it first
  const fetch = withBackgroundTasks(app.fetch);
  const response = await fetch(new Request(url));
  assertEquals(
    [response.status, await response.text()],
    [
      500,
      "TypeError: Cannot use c.env: it holds the background tasks; write withBackgroundTasks(app) in " +
      "place of app.fetch",
    ],
  );
});

test("withBackgroundTasks(app) hands an app's own arguments on, unchanged", async () => {
  const app = new Hono<{ Bindings: { SECRET: string } }>();
  app.get("/", (c) => c.text(c.env.SECRET));
  const fetch = withBackgroundTasks(app);
  const response = await fetch(new Request(url), { SECRET: "s" });
  assertEquals(await response.text(), "s");
});

test("A promise among the arguments of a task that is dropped ends no process", async () => {
  const runner = new TaskRunner({ observers: [{ onEnd() {} }] });
  const fetch = withBackgroundTasks(async (_, tasks) => {
    const body = Promise.reject(new SyntaxError("not JSON"));
    tasks.addTask(async (event: unknown) => void await event, body);
    await new Promise((resolve) => setTimeout(resolve, 5)); // a turn in which a rejection is noticed
    throw new Error("handler failed");
  }, { runner });
  await assertRejects(() => fetch(new Request(url)), Error, "handler failed");
  await runner.drain();
});

test("A generator as a task fails, and says what to write", async () => {
  const errors: unknown[] = [];
  const tasks = new BackgroundTasks({
    onTaskError: (e) => void errors.push(e),
  });
  async function* importRows(): AsyncGenerator<number> {
    yield await Promise.resolve(1);
  }
  tasks.addTask(importRows);
  tasks.addTask(function* rows() {
    yield 1;
  });
  const { finished, failed } = await tasks.run();
  assertEquals([finished, failed], [0, 2]);
  assert(errors.every((error) => String(error).includes("generator")));
});

test("A queue that is thrown away holds no place of maxPending, and no drain", async () => {
  const runner = new TaskRunner({ maxPending: 2 });
  for (let i = 0; i < 5; i++) {
    const tasks = new BackgroundTasks({ runner });
    tasks.addTask(() => {});
    tasks.addTask(() => {});
  }
  const last = new BackgroundTasks({ runner });
  last.addTask(() => {});
  assertEquals((await last.run()).finished, 1);
  assertEquals((await runner.drain()).abandoned, []);
});

test("waitUntil() keeps a promise on every runtime, waits for no response, and reports its rejection", async () => {
  const runner = new TaskRunner();
  const errors: string[] = [];
  const pending = gate();
  const fetch = withBackgroundTasks((_, { waitUntil }) => {
    waitUntil(pending.opened);
    waitUntil(Promise.reject(new Error("cache is down")));
    return new Response("ok");
  }, {
    runner,
    onTaskError: (error, run) => void errors.push(`${run.name}: ${error}`),
  });
  await fetch(new Request(url));
  let isDrained = false;
  const drained = runner.drain().then(() => isDrained = true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals([isDrained, runner.stats().pending], [false, 1]);
  pending.open();
  await drained;
  assertEquals(errors, ["waitUntil: Error: cache is down"]);
});
