/**
 * Types in both directions: what is right compiles, and is of the type that is expected; what is
 * wrong does not. The type check of the project is the test; the bodies never run.
 *
 * @module
 */
// deno-lint-ignore-file no-explicit-any -- it is one of the types
import { assertEquals } from "@std/assert";
import {
  BackgroundTask,
  BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  type DefinedTask,
  defineTask,
  getBackgroundTasks,
  type JsonValue,
  task,
  type TaskAdder,
  type TaskContext,
  type TaskOptions,
  type TaskQueue,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { strictMode } from "@postlude/background-tasks/strict";
import { Hono } from "hono";
import { test } from "./harness/test.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Compiles only when both types are the same. */
function same<A, B>(..._proof: Equal<A, B> extends true ? [] : [never]): void {}

/** Is checked by the compiler, and never run. */
const bodies: (() => void)[] = [];
const compiles = (body: () => void): void => void bodies.push(body);

declare const tasks: BackgroundTasks;
declare const queue: TaskQueue;

declare function sendEmail(to: string, subject: string): Promise<void>;
declare function optional(to: string, copies?: number): void;
declare function withDefault(
  to: string,
  copies?: number,
  ...rest: boolean[]
): void;
declare function rest(first: string, ...others: number[]): void;
declare function level(level: "info" | "error", message: string): void;
declare function nothing(): void;
declare const mailer: {
  send(this: { host: string }, to: string): void;
  host: string;
};
interface Order {
  readonly id: string;
  readonly lines: readonly { readonly sku: string; readonly count?: number }[];
}
declare function ship(order: Order, by: "air" | "sea"): void;
declare function two(id: string): void;
declare function two(id: number, exact: boolean): void;
declare function three(id: string): void;
declare function three(id: number, exact: boolean): void;
declare function three(id: Date, zone: "utc" | "local"): void;
declare function save<T extends { id: string }>(table: string, row: T): void;
declare function pair<T>(one: T, other: T[]): void;
declare function keyOf<T, K extends keyof T>(value: T, key: K): void;

compiles(() => {
  tasks.addTask(sendEmail, "ada@example.com", "Welcome!");
  tasks.addTask(nothing);
  tasks.addTask(() => sendEmail("ada@example.com", "Welcome!"));
  tasks.addTask((to: string) => sendEmail(to, ""), "ada@example.com");
  tasks.addTask(async function named(n: number) {
    await Promise.resolve(n);
  }, 1);
  same<ReturnType<typeof tasks.addTask>, BackgroundTask>();
  // @ts-expect-error: an argument is missing
  tasks.addTask(sendEmail, "ada@example.com");
  // @ts-expect-error: an argument is of the wrong type
  tasks.addTask(sendEmail, "ada@example.com", 42);
  // @ts-expect-error: one argument too many
  tasks.addTask(sendEmail, "ada@example.com", "Welcome!", 1);
  // @ts-expect-error: the function takes nothing
  tasks.addTask(nothing, 1);
  // @ts-expect-error: a promise is no function
  tasks.addTask(sendEmail("ada@example.com", "Welcome!"));
  // @ts-expect-error: a string is no function
  tasks.addTask("sendEmail");
  // @ts-expect-error: there is nothing to add
  tasks.addTask();
});

compiles(() => {
  tasks.addTask(optional, "a");
  tasks.addTask(optional, "a", 1);
  tasks.addTask(optional, "a", undefined);
  tasks.addTask(withDefault, "a", 1, true, false);
  tasks.addTask(rest, "a");
  tasks.addTask(rest, "a", 1, 2, 3);
  tasks.addTask(rest, ...["a", 1] as const);
  // @ts-expect-error: the optional argument is a number
  tasks.addTask(optional, "a", "1");
  // @ts-expect-error: the first argument is not optional
  tasks.addTask(optional);
  // @ts-expect-error: the rest are numbers
  tasks.addTask(rest, "a", 1, "2");
  // @ts-expect-error: the rest are booleans
  tasks.addTask(withDefault, "a", 1, 2);
});

compiles(() => {
  tasks.addTask(level, "info", "started");
  tasks.addTask(ship, { id: "1", lines: [{ sku: "a" }] }, "air");
  tasks.addTask(ship, { id: "1", lines: [] } satisfies Order, "sea");
  // @ts-expect-error: no such literal
  tasks.addTask(level, "debug", "started");
  // @ts-expect-error: no such literal
  tasks.addTask(ship, { id: "1", lines: [] }, "land");
  // @ts-expect-error: a property is missing
  tasks.addTask(ship, { id: "1" }, "air");
  // @ts-expect-error: a nested property is of the wrong type
  tasks.addTask(ship, { id: "1", lines: [{ sku: 1 }] }, "air");
});

compiles(() => {
  tasks.addTask(two, "1");
  tasks.addTask(two, 1, true);
  tasks.addTask(three, "1");
  tasks.addTask(three, 1, true);
  tasks.addTask(three, new Date(), "utc");
  // @ts-expect-error: no overload takes a string and a boolean
  tasks.addTask(two, "1", true);
  // @ts-expect-error: no overload takes a number alone
  tasks.addTask(two, 1);
  // @ts-expect-error: no overload takes a boolean
  tasks.addTask(two, true, true);
  // @ts-expect-error: no overload takes this literal
  tasks.addTask(three, new Date(), "cet");
  // @ts-expect-error: no overload takes nothing
  tasks.addTask(three);
});

compiles(() => {
  tasks.addTask(save, "users", { id: "1", name: "Ada" });
  tasks.addTask(pair, 1, [2]);
  tasks.addTask(keyOf, { id: 1 }, "id");
  tasks.addTask(save<{ id: string; age: number }>, "users", {
    id: "1",
    age: 1,
  });
  // @ts-expect-error: the constraint wants an id
  tasks.addTask(save, "users", { name: "Ada" });
  // @ts-expect-error: the type parameter is one type
  tasks.addTask(pair, 1, ["2"]);
  // @ts-expect-error: no such key
  tasks.addTask(keyOf, { id: 1 }, "name");
});

compiles(() => {
  const webhook = defineTask(
    "webhook",
    { timeout: 5_000, retry: { attempts: 3 }, runOn: "always" },
    async (context, url: string, tries?: number) => {
      same<typeof context, TaskContext>();
      await Promise.resolve([url, tries]);
    },
  );
  same<typeof webhook, DefinedTask<[url: string, tries?: number]>>();
  same<ReturnType<typeof webhook>, Promise<void>>();
  const plain = defineTask("plain", ({ signal }, ...ids: number[]) => {
    same<typeof signal, AbortSignal>();
    return ids;
  });
  same<typeof plain, DefinedTask<number[]>>();
  const none = defineTask("none", () => {});
  same<typeof none, DefinedTask<[]>>();
  tasks.addTask(webhook, "https://example.com");
  tasks.addTask(webhook, "https://example.com", 1);
  tasks.addTask(plain, 1, 2);
  tasks.addTask(none);
  webhook("https://example.com").then(() => {});
  // @ts-expect-error: the URL is missing
  tasks.addTask(webhook);
  // @ts-expect-error: the URL is a string
  tasks.addTask(webhook, new URL("https://example.com"));
  // @ts-expect-error: the URL is missing in a direct call
  webhook();
  // @ts-expect-error: it takes nothing
  tasks.addTask(none, 1);
  // @ts-expect-error: no such option
  defineTask("n", { retries: 3 }, () => {});
  // @ts-expect-error: attempts is not optional
  defineTask("n", { retry: { delay: 1 } }, () => {});
  // @ts-expect-error: a predicate answers at once
  defineTask("n", { runOn: async () => await Promise.resolve(true) }, () => {});
  // @ts-expect-error: the name belongs before the options
  defineTask("n", { name: "m" }, () => {});
  // @ts-expect-error: the handler is missing
  defineTask("n", {});
});

compiles(() => {
  const made = task(sendEmail, "ada@example.com", "Welcome!");
  same<typeof made, BackgroundTask>();
  new BackgroundTask(sendEmail, "ada@example.com", "Welcome!");
  new BackgroundTask(save, "users", { id: "1" });
  task(two, 1, true);
  tasks.addGroup(made, task(nothing), new BackgroundTask(level, "info", ""));
  tasks.addTask(made);
  tasks.addTask(new BackgroundTask(nothing));
  tasks.addTask(tasks.addTask(nothing));
  // @ts-expect-error: an argument is missing
  task(sendEmail, "ada@example.com");
  // @ts-expect-error: no overload takes a number alone
  task(two, 1);
  // @ts-expect-error: an argument is of the wrong type
  new BackgroundTask(sendEmail, "ada@example.com", 42);
  // @ts-expect-error: no such literal
  new BackgroundTask(level, "debug", "");
  // @ts-expect-error: a made task has its arguments
  tasks.addTask(made, "ada@example.com");
  // @ts-expect-error: a method loses its owner
  tasks.addTask(mailer.send, "ada@example.com");
  // @ts-expect-error: a method loses its owner
  task(mailer.send, "ada@example.com");
  tasks.addTask(() => mailer.send("ada@example.com"));
  // @ts-expect-error: a group is made of tasks
  tasks.addGroup(nothing);
});

compiles(() => {
  const always = tasks.with({ runOn: "always", timeout: 1_000 });
  same<typeof always, TaskAdder>();
  always.addTask(sendEmail, "ada@example.com", "Welcome!");
  always.with({ name: "named" }).addTask(two, 1, true);
  always.addGroup(task(nothing));
  const options: TaskOptions = {
    runOn: (outcome, response) => {
      same<typeof outcome, "success" | "failure">();
      same<typeof response.status, number | undefined>();
      return response.outcome !== "aborted";
    },
  };
  tasks.with(options);
  // @ts-expect-error: an argument is of the wrong type
  always.addTask(sendEmail, "ada@example.com", 42);
  // @ts-expect-error: no overload takes a number alone
  always.addTask(two, 1);
  // @ts-expect-error: no such literal
  tasks.with({ runOn: "sometimes" });
  // @ts-expect-error: no such option
  tasks.with({ timeouts: 1 });
  // @ts-expect-error: undefined is no timeout
  tasks.with({ timeout: undefined });
});

compiles(() => {
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ strict: strictMode() }));
  app.post("/signup/:id", (c) => {
    same<typeof c.var.backgroundTasks, BackgroundTasks>();
    c.var.backgroundTasks.addTask(sendEmail, c.req.param("id"), "Welcome!");
    c.get("backgroundTasks").addTask(nothing);
    same<ReturnType<typeof getBackgroundTasks>, BackgroundTasks>();
    getBackgroundTasks(c).addTask(nothing);
    // @ts-expect-error: an argument is missing
    c.var.backgroundTasks.addTask(sendEmail, c.req.param("id"));
    return c.json({ status: "ok" });
  });

  type Env = {
    Bindings: { DATABASE: string };
    Variables: { user: { id: string } };
  };
  const other = new Hono<Env>();
  other.use(backgroundTasks());
  other.use("/admin/*", backgroundTasks({ timeout: 1_000 }));
  other.get("/", backgroundTasks(), (c) => {
    getBackgroundTasks(c).addTask(sendEmail, c.var.user.id, c.env.DATABASE);
    // @ts-expect-error: this environment has no such variable
    c.var.backgroundTasks;
    return c.text("ok");
  });

  const both = new Hono<Env & BackgroundTasksEnv>();
  both.use(backgroundTasks());
  both.get("/", (c) => {
    c.var.backgroundTasks.addTask(sendEmail, c.var.user.id, "");
    return c.text("ok");
  });
  app.route("/other", other).route("/both", both);
  app.onError((_, c) => {
    c.var.backgroundTasks.addTask(nothing);
    return c.text("sorry", 500);
  });

  const untyped = new Hono();
  untyped.use(backgroundTasks());
  untyped.get("/", (c) => {
    getBackgroundTasks(c).addTask(nothing);
    return c.text("ok");
  });
});

interface ServeInfo {
  readonly remoteAddr: { readonly hostname: string };
  readonly completed: Promise<void>;
}
interface Server {
  requestIP(request: Request): { address: string } | null;
}
interface ExecutionContext {
  waitUntil(promise: Promise<unknown>): void;
}
/** Handlers as `Deno.serve`, `Bun.serve` and Workers want them. */
type DenoHandler = (
  request: Request,
  info: ServeInfo,
) => Response | Promise<Response>;
type BunHandler = (
  this: Server,
  request: Request,
  server: Server,
) => Response | undefined | Promise<Response | undefined>;
type WorkersHandler<Env> = (
  request: Request,
  env: Env,
  ctx: ExecutionContext,
) => Response | Promise<Response>;

compiles(() => {
  type Env = { DATABASE: string };
  const worker = withBackgroundTasks(
    (request, tasks, env: Env, ctx: ExecutionContext) => {
      same<typeof request, Request>();
      same<typeof tasks, BackgroundTasks>();
      tasks.addTask(sendEmail, env.DATABASE, request.url);
      ctx.waitUntil(Promise.resolve());
      return new Response("ok");
    },
    { timeout: 1_000 },
  );
  same<
    typeof worker,
    (
      request: Request,
      env: Env,
      ctx: ExecutionContext,
    ) => Promise<Response>
  >();
  worker satisfies WorkersHandler<Env>;

  const simple = withBackgroundTasks((_request, tasks) => {
    tasks.addTask(nothing);
    return new Response("ok");
  });
  simple satisfies DenoHandler;
  simple satisfies BunHandler;
  simple satisfies WorkersHandler<unknown>;
  withBackgroundTasks((_request, _tasks, info: ServeInfo) =>
    new Response(info.remoteAddr.hostname)
  ) satisfies DenoHandler;
  withBackgroundTasks((request, _tasks, server: Server) =>
    new Response(server.requestIP(request)?.address)
  ) satisfies BunHandler;
  if ("Deno" in globalThis) {
    Deno.serve(simple);
    Deno.serve(
      withBackgroundTasks((_request, tasks, info: Deno.ServeHandlerInfo) => {
        tasks.addTask(nothing);
        return new Response(info.remoteAddr.transport);
      }),
    );
  }
  // @ts-expect-error: an argument is of the wrong type
  withBackgroundTasks((_r, tasks) => new Response(tasks.addTask(two, 1).id));
  // @ts-expect-error: a handler returns a response
  withBackgroundTasks(() => "ok");
  // @ts-expect-error: Deno hands over no env and ctx
  worker satisfies DenoHandler;
  // @ts-expect-error: no such option
  withBackgroundTasks(() => new Response("ok"), { timeouts: 1 });
});

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Nested = (string | Nested)[];
interface Tree {
  readonly name: string;
  readonly next?: Tree;
}

compiles(() => {
  const json = defineTask("t", { queue }, (_, _value: Json) => {});
  tasks.addTask(json, { a: [1, { b: null }] });
  const value = defineTask("t", { queue }, (_, _value: JsonValue) => {});
  tasks.addTask(value, { a: [1, { b: null }] });
  const within = defineTask(
    "t",
    { queue },
    (_, _o: { payload: Json }, _value?: JsonValue) => {},
  );
  tasks.addTask(within, { payload: { a: [1, { b: null }] } });
  tasks.addTask(within, { payload: 1 }, [1]);
  const nested = defineTask("t", { queue }, (_, _value: Nested) => {});
  tasks.addTask(nested, ["a", ["b"]]);
  const tree = defineTask("t", { queue }, (_, _value: Tree) => {});
  tasks.addTask(tree, { name: "a", next: { name: "b" } });
  // @ts-expect-error: a Date is not JSON
  tasks.addTask(json, new Date());
});

compiles(() => {
  const any = defineTask("t", { queue }, (_, _to: string, _value: any) => {});
  // @ts-expect-error: nothing is known about an any, so nothing can be passed
  tasks.addTask(any, "ada", 1);
  const list = defineTask("t", { queue }, (_, _value: any[]) => {});
  // @ts-expect-error: nor about the items of a list
  tasks.addTask(list, [1]);
  const record = defineTask("t", { queue }, (_, _v: Record<string, any>) => {});
  // @ts-expect-error: nor about the values of a record
  tasks.addTask(record, { a: 1 });
  const deep = defineTask("t", { queue }, (_, _v: { a: { b?: any } }) => {});
  // @ts-expect-error: nor about what is further in
  tasks.addTask(deep, { a: { b: 1 } });
});

/** Entries and frameworks that do not run on every runtime: only their types are looked at. */
declare const nodeDoor:
  typeof import("@postlude/background-tasks/node").backgroundTasks;
declare const currentBackgroundTasks:
  typeof import("@postlude/background-tasks/context").currentBackgroundTasks;
declare const Elysia: typeof import("elysia").Elysia;
declare const H3: typeof import("h3").H3;
declare const Koa: typeof import("koa");
declare const createServer: typeof import("node:http").createServer;
declare const express: typeof import("express");
declare const fastify: typeof import("fastify").fastify;

/** As Next.js, and Workers with `cf`, extend the request. */
declare class NextRequest extends Request {
  readonly nextUrl: URL;
  readonly cookies: { get(name: string): { readonly value: string } };
}
interface CloudflareRequest<Cf = { readonly colo: string }> extends Request {
  readonly cf: Cf | undefined;
}
interface DurableObjectState {
  readonly id: { toString(): string };
  readonly storage: object;
  waitUntil(promise: Promise<unknown>): void;
  blockConcurrencyWhile<T>(callback: () => Promise<T>): Promise<T>;
}
interface WorkersContext extends ExecutionContext {
  passThroughOnException(): void;
  readonly props: unknown;
}

compiles(() => {
  const POST = withBackgroundTasks((request: NextRequest, tasks) => {
    same<typeof request, NextRequest>();
    tasks.addTask(sendEmail, request.nextUrl.href, "");
    getBackgroundTasks(request).addTask(nothing);
    return new Response(request.cookies.get("id").value);
  });
  same<typeof POST, (request: NextRequest) => Promise<Response>>();
  const GET = withBackgroundTasks(
    (
      request: NextRequest,
      _tasks,
      { params }: { params: Promise<{ id: string }> },
    ) => params.then(({ id }) => new Response(id + request.nextUrl)),
  );
  GET satisfies (
    request: NextRequest,
    context: { params: Promise<{ id: string }> },
  ) => Promise<Response>;
  const worker = withBackgroundTasks(
    (
      request: CloudflareRequest,
      _tasks,
      _env: { KEY: string },
      _ctx: ExecutionContext,
    ) => new Response(request.cf?.colo),
  );
  worker satisfies (
    request: CloudflareRequest,
    env: { KEY: string },
    ctx: WorkersContext,
  ) => Promise<Response>;
  // @ts-expect-error: a plain request has no nextUrl
  POST(new Request("https://example.com/"));
});

compiles(() => {
  const handler = withBackgroundTasks(
    (_request, _tasks, _env: object, _ctx: ExecutionContext) =>
      new Response("ok"),
  );
  class Room {
    declare readonly ctx: DurableObjectState;
    fetch(request: Request): Promise<Response> {
      return handler(request, {}, this.ctx);
    }
  }
  new Room();
  new BackgroundTasks().run({
    waitUntil: (promise) => new Room().ctx.waitUntil(promise),
  });
});

compiles(() => {
  const app = new Hono<{ Bindings: { SECRET: string } }>();
  const wrapped = withBackgroundTasks(app);
  same<ReturnType<typeof wrapped>, Promise<Response>>();
  wrapped(new Request("https://example.com/"), { SECRET: "s" });
  // @ts-expect-error: its second parameter is not the queue
  withBackgroundTasks(app.fetch);
  // @ts-expect-error: nor is that of any other app
  withBackgroundTasks(new Hono().fetch);
  withBackgroundTasks((request) => app.fetch(request));
  const elysia = new Elysia();
  withBackgroundTasks(elysia) satisfies (r: Request) => Promise<Response>;
  const h3 = new H3();
  withBackgroundTasks(h3) satisfies (r: Request) => Promise<Response>;
  // @ts-expect-error: this is no app
  withBackgroundTasks({});
});

compiles(() => {
  // the environment is stated once, and the chain keeps it
  const app = new Hono<BackgroundTasksEnv>()
    .use(backgroundTasks())
    .get("/users", (c) => {
      same<typeof c.var.backgroundTasks, BackgroundTasks>();
      return c.json({ users: [] });
    })
    .post("/users/:id", (c) => {
      c.var.backgroundTasks.addTask(sendEmail, c.req.param("id"), "Welcome!");
      return c.json({ id: c.req.param("id") });
    });
  app satisfies Hono<BackgroundTasksEnv, never, "/">;
  new Hono().use(backgroundTasks()).get("/", (c) => {
    getBackgroundTasks(c).addTask(nothing);
    // @ts-expect-error: the middleware knows no copy of Hono, so it cannot state the environment
    c.var.backgroundTasks.addTask(nothing);
    return c.text("ok");
  });
});

compiles(() => {
  const door = nodeDoor({ timeout: 1_000 });
  express().use(door, (req, res) => {
    getBackgroundTasks(req).addTask(nothing);
    res.json({});
  });
  new Koa().use((ctx, next) => door(ctx.req, ctx.res, next));
  fastify().addHook(
    "onRequest",
    (request, reply, done) => door(request.raw, reply.raw, done),
  );
  createServer((req, res) => door(req, res, () => void res.end()));
  same<typeof currentBackgroundTasks, () => BackgroundTasks>();
  tasks.waitUntil(Promise.resolve(1));
  const { waitUntil } = tasks;
  same<typeof waitUntil, (promise: PromiseLike<unknown>) => void>();
  tasks.fail(new Error("resolver failed"));
  backgroundTasks({ isFailure: (error) => error instanceof TypeError });
  // @ts-expect-error: a function is no promise
  tasks.waitUntil(nothing);
  // @ts-expect-error: no such option
  nodeDoor({ timeouts: 1 });
  // @ts-expect-error: a request of the web has no response beside it
  door(new Request("https://example.com/"), new Response(), nothing);
  // @ts-expect-error: it takes nothing
  currentBackgroundTasks(new Request("https://example.com/"));
});

test("types are checked in both directions by the compiler", () => {
  assertEquals(bodies.length, 17);
});
