import {
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  type BackgroundTasksOptions,
  resolveWaitUntil,
  TaskRunner,
  type WaitUntilHints,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { handle } from "hono/cloudflare-pages";
import { consoleLines } from "../harness/console_lines.ts";
import { Owner, serviceBinding } from "../harness/owner.ts";
import { host } from "../harness/runtime.ts";
import { test } from "../harness/test.ts";
import { withGlobal } from "../harness/with_global.ts";

/** On Workers there is always one: the `waitUntil` of `cloudflare:workers`. */
const NOTHING = host === "workerd" ? "cloudflare-workers" : "process";
const CONTEXT = host === "workerd" ? "cloudflare-workers" : "execution context";
const REQUEST = new Request("https://example.com/");

/** Runs a request with one task; tells who kept it alive, and what was logged. */
async function run(
  options: BackgroundTasksOptions,
  ...platform: unknown[]
): Promise<{ platform: string | undefined; ran: number; errors: string[] }> {
  const runner = new TaskRunner();
  let ran = 0;
  const fetch = withBackgroundTasks((_request, tasks, ..._: unknown[]) => {
    tasks.addTask(() => void ran++);
    return new Response("ok");
  }, { runner, ...options });
  const errors = await consoleLines("error", async () => {
    await fetch(REQUEST, ...platform);
    await runner.drain();
  });
  return { platform: runner.stats().platform, ran, errors };
}

test("resolveWaitUntil() takes the first of option, execution context, request and platform", async () => {
  const waitUntil = (): void => {};
  const executionContext = new Owner();
  const request = Object.assign(new Request(REQUEST), { waitUntil });
  const hints: WaitUntilHints = { waitUntil, executionContext, request };
  await withGlobal("Bunny", { v1: new Owner() }, () => {
    const { waitUntil: _, ...noOption } = hints;
    const { executionContext: __, ...onlyRequest } = noOption;
    const sources = [hints, noOption, onlyRequest, {}].map((hints) =>
      resolveWaitUntil(hints).source
    );
    assertEquals(
      sources,
      host === "workerd"
        ? ["option", CONTEXT, CONTEXT, CONTEXT]
        : ["option", CONTEXT, "srvx", "bunny"],
    );
  });
});

test("resolveWaitUntil() finds what the runtime itself has, and calls nothing", () => {
  const resolved = resolveWaitUntil({});
  assertEquals(resolved.source, NOTHING);
  assertEquals(resolved.waitUntil === undefined, host !== "workerd");
  assertEquals(resolved.deadline, undefined);
  assertEquals(resolved.lifetime, host === "workerd" ? 30_000 : undefined);
  const executionContext = new Owner();
  assertEquals(resolveWaitUntil({ executionContext }).source, CONTEXT);
  assertEquals(executionContext.promises.length, 0);
});

test("resolveWaitUntil() calls the waitUntil of the execution context as a method", () => {
  const executionContext = new Owner();
  const { waitUntil } = resolveWaitUntil({ executionContext });
  const promise = Promise.resolve();
  waitUntil!(promise);
  assertStrictEquals(executionContext.promises[0], promise);
});

test("resolveWaitUntil() never looks into the env of a Worker", () => {
  const binding = serviceBinding();
  const env = { waitUntil: binding, context: binding, eventContext: binding };
  for (const platform of [binding, env]) {
    assertEquals(resolveWaitUntil({ platform }).source, NOTHING);
  }
});

test("resolveWaitUntil() takes a platform whose getters throw for another platform", async () => {
  const throws = {
    get context(): never {
      throw new Error("outside a request");
    },
  };
  await withGlobal("Netlify", throws, () => {
    assertEquals(resolveWaitUntil({}).source, NOTHING);
  });
  const key = Symbol.for("@vercel/request-context");
  const get = (): never => {
    throw new Error("outside a request");
  };
  await withGlobal(key, { get }, () => {
    assertEquals(resolveWaitUntil({}).source, NOTHING);
  });
});

test("resolveWaitUntil() finds every platform by its global alone", async () => {
  class FetchEvent extends Owner {}
  const owner = new Owner();
  const get = (): Owner => owner;
  const cases: [PropertyKey, unknown, WaitUntilHints, string][] = [
    ["FetchEvent", FetchEvent, { platform: new FetchEvent() }, "fetch event"],
    ["Netlify", { context: owner }, {}, "netlify"],
    [Symbol.for("@vercel/request-context"), { get }, {}, "vercel"],
    ["EdgeRuntime", "vercel", { platform: owner }, "vercel"],
    [Symbol.for("@next/request-context"), { get }, {}, "next"],
    ["EdgeRuntime", owner, {}, "supabase"],
    ["Bunny", { v1: owner }, {}, "bunny"],
  ];
  for (const [name, value, hints, source] of cases) {
    await withGlobal(name, value, () => {
      const expected = host === "workerd" ? NOTHING : source;
      assertEquals(resolveWaitUntil(hints).source, expected);
    });
    assertEquals(resolveWaitUntil(hints).source, NOTHING);
  }
});

test("resolveWaitUntil() asks on where a name of the global object throws", async () => {
  const throws = {
    configurable: true,
    get(): never {
      throw new Error("outside a request");
    },
  };
  Object.defineProperty(globalThis, "Netlify", throws);
  try {
    assertEquals(resolveWaitUntil({}).source, NOTHING);
    await withGlobal("Bunny", { v1: new Owner() }, () => {
      const expected = host === "workerd" ? NOTHING : "bunny";
      assertEquals(resolveWaitUntil({}).source, expected);
    });
  } finally {
    Reflect.deleteProperty(globalThis, "Netlify");
  }
});

test("resolveWaitUntil() refuses what is no hint", () => {
  const ctx = new (class ExecutionContext {
    waitUntil(): void {}
  })();
  const refused: [unknown, string][] = [
    [undefined, "Cannot read hints from undefined: write an object"],
    [ctx, "Cannot read hints from an ExecutionContext: write an object"],
    [
      { ctx },
      'Cannot use hint "ctx": the hints are waitUntil, executionContext, request, platform',
    ],
  ];
  for (const [hints, message] of refused) {
    assertThrows(() => resolveWaitUntil(hints as never), TypeError, message);
  }
});

test("resolveWaitUntil() refuses a waitUntil that is no function", () => {
  const waitUntil = new Owner() as unknown as () => void;
  assertThrows(() => resolveWaitUntil({ waitUntil }), TypeError, "an Owner");
});

test("addTask() gives the platform one native promise, at the first task and not before", async () => {
  const context = new Owner();
  const seen: number[] = [];
  const runner = new TaskRunner();
  const fetch = withBackgroundTasks((_, tasks, ..._rest: unknown[]) => {
    seen.push(context.promises.length);
    tasks.addTask(() => tasks.addTask(() => {}));
    seen.push(context.promises.length);
    tasks.addTask(() => {});
    return new Response("ok");
  }, { runner });
  await fetch(REQUEST, {}, context);
  assertEquals(seen, [0, 1]);
  assertEquals(context.promises.length, 1);
  assertStrictEquals(context.promises[0]!.constructor, Promise);
  await context.promises[0];
  assertEquals(runner.stats().pending, 0);
  assertEquals(runner.stats().platform, CONTEXT);
});

test("addTask() asks the waitUntil that was found, and no other", async () => {
  const context = new Owner();
  const bunny = new Owner();
  await withGlobal("Bunny", { v1: bunny }, async () => {
    await run({}, {}, context);
  });
  assertEquals([context.promises.length, bunny.promises.length], [1, 0]);
});

test("addTask() runs the task in the process, and says so, where waitUntil throws", async () => {
  // "FetchEvent#waitUntil called on inactive event" in fetch-event.cpp of fastly/js-compute-runtime
  const inactive = {
    waitUntil(): void {
      throw new Error("called on inactive event");
    },
  };
  const { platform, ran, errors } = await run({}, {}, inactive);
  assertEquals([platform, ran, errors.length], ["process", 1, 1]);
  assertMatch(errors[0]!, new RegExp(`"${CONTEXT}".*called on inactive event`));
});

test("addTask() runs the task in the process where the waitUntil option throws or rejects", async () => {
  const thrown = await run({
    waitUntil: () => {
      throw new Error("no context");
    },
  });
  assertEquals([thrown.platform, thrown.ran], ["process", 1]);
  assertMatch(thrown.errors.join(), /"option".*no context/);
  const rejected = await run({
    waitUntil: () => Promise.reject(new Error("too late")),
  });
  assertEquals(rejected.ran, 1);
  assertMatch(rejected.errors.join(), /"option".*too late/);
});

test("addTask() goes on in the process, for a late task too, where waitUntil has thrown from the first one on", async () => {
  const runner = new TaskRunner();
  const ran: string[] = [];
  const tasks = new BackgroundTasks({ runner });
  const waitUntil = (): void => {
    throw new Error("no context");
  };
  const errors = await consoleLines("error", async () => {
    tasks.addTask(() => void ran.push("early"));
    tasks.runAfter(new Response(null), { waitUntil });
    await runner.drain();
    tasks.addTask(() => void ran.push("late"));
    await runner.drain();
  });
  assertEquals([ran, errors.length], [["early", "late"], 2]);
});

test("addTask() in Hono finds nothing where the executionCtx getter throws", async () => {
  const runner = new TaskRunner();
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ runner }));
  app.get("/", (c) => {
    assertThrows(() => c.executionCtx);
    c.var.backgroundTasks.addTask(() => {});
    return c.text("ok");
  });
  await app.fetch(REQUEST);
  assertEquals(runner.stats().platform, NOTHING);
  await runner.drain();
});

test("addTask() in Pages Functions uses the context that Hono's adapter makes of the event's", async () => {
  const runner = new TaskRunner();
  const promises: Promise<unknown>[] = [];
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ runner }));
  app.get("/", (c) => {
    c.var.backgroundTasks.addTask(() => {});
    return c.text("ok");
  });
  const onRequest = handle(app);
  // Pages binds it: the adapter copies it from its owner
  const waitUntil = (promise: Promise<unknown>): void =>
    void promises.push(promise);
  const eventContext = { request: REQUEST, env: {}, waitUntil };
  await onRequest(eventContext as unknown as Parameters<typeof onRequest>[0]);
  assertEquals(promises.length, 1);
  assertEquals(runner.stats().platform, CONTEXT);
  await promises[0];
});
