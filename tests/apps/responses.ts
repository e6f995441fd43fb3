/**
 * Every kind of response. With `?task=<name>` the request has a background task, which prints what
 * it saw; with `&hold` the task first burns CPU until the client says that it has its answer.
 */
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  defineTask,
} from "@postlude/background-tasks";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { compress } from "hono/compress";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { secureHeaders } from "hono/secure-headers";
import { streamSSE } from "hono/streaming";
import { timeout } from "hono/timeout";
import { existsSync } from "node:fs";
import { fileBody } from "./file_body.ts";
import { broken, kinds } from "./response_kinds.ts";
import { burn, setting } from "./runtime_help.ts";

type Env = BackgroundTasksEnv;

/** The client writes this file when it has its whole answer. */
const report = defineTask(
  "report",
  { runOn: "always" },
  ({ response }, name: string, work: number) => {
    const folder = setting("RELEASES");
    const released = work === 0 ||
      burn(() => folder !== undefined && existsSync(`${folder}/${name}`), work);
    const { status, outcome } = response;
    console.log(`task ${name} ${status} ${outcome}${released ? "" : " held"}`);
  },
);

function addTask(c: Context<Env>, suffix = ""): void {
  const name = c.req.query("task");
  if (name === undefined) return;
  const hold = c.req.query("hold");
  const work = hold === undefined ? 0 : Number(hold) || 1;
  c.var.backgroundTasks.addTask(report, name + suffix, work);
}

const app = new Hono<Env>();
const slow = app.use("/slow/*", async (c, next) => {
  await next();
  await new Promise((resolve) => setTimeout(resolve, 150));
  c.header("x-slow", "yes");
});
slow.use("/outside/etag/*", etag());
slow.use("/outside/compress/*", compress({ threshold: 1 }));
app.use("/outside/cors/*", cors());
app.use("/own/timeout/*", timeout(20));
app.use("/outside/secure/*", secureHeaders());
app.use(backgroundTasks({ exactEnd: setting("EXACT_END") === "yes" }));
app.use("/inside/etag/*", etag());
app.use("/inside/compress/*", compress({ threshold: 1 }));
app.use("/inside/cors/*", cors());
app.use("/inside/secure/*", secureHeaders());
app.use(async (c, next) => {
  if (!c.req.path.startsWith("/own")) addTask(c);
  await next();
});

const text = new TextEncoder();
const block = text.encode("0123456789abcdef".repeat(4096)); // 64 KiB

function source(
  blocks: number,
  options: { type?: "bytes"; failAt?: number; onEnd?: () => void } = {},
): ReadableStream<Uint8Array> {
  let sent = 0;
  const pull = (
    controller: ReadableStreamDefaultController | ReadableByteStreamController,
  ): Promise<void> => {
    if (sent === options.failAt) {
      return Promise.reject(new Error("the body broke"));
    }
    if (sent++ < blocks) controller.enqueue(block.slice() as never);
    else {
      options.onEnd?.();
      controller.close();
    }
    return Promise.resolve();
  };
  if (options.type === "bytes") {
    return new ReadableStream({ type: "bytes", pull }) as ReadableStream;
  }
  return new ReadableStream({ pull }) as ReadableStream;
}

async function* generate(blocks: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < blocks; i++) {
    await Promise.resolve();
    yield block;
  }
}

const routes = new Hono<Env>();
routes.get("/string/:size", (c) => c.text("s".repeat(+c.req.param("size"))));
routes.get("/json", (c) => c.json({ status: "ok" }));
routes.get(
  "/bytes/:size",
  (c) => c.body(new Uint8Array(+c.req.param("size")).fill(7)),
);
routes.get("/stream/:blocks", (c) => c.body(source(+c.req.param("blocks"))));
routes.get("/length/:blocks", (c) => {
  const blocks = +c.req.param("blocks");
  const length = String(blocks * block.length);
  return c.body(source(blocks), 200, { "content-length": length });
});
routes.get(
  "/byte-stream/:blocks",
  (c) => c.body(source(+c.req.param("blocks"), { type: "bytes" })),
);
routes.get(
  "/generator/:blocks",
  (c) => c.body(ReadableStream.from(generate(+c.req.param("blocks")))),
);
routes.get("/sse", (c) =>
  streamSSE(c, async (stream) => {
    for (let i = 0; i < 3; i++) {
      await stream.writeSSE({ data: `event ${i}` });
      await stream.sleep(1);
    }
  }));
routes.get("/file", (c) => fileBody(setting("FILE")!, c.req.header("range")));
routes.get("/204", (c) => c.body(null, 204));
routes.get("/205", () => new Response(null, { status: 205 }));
routes.get("/304", (c) => c.body(null, 304));
routes.get("/416", (c) => c.body(null, 416, { "content-range": "bytes */9" }));
routes.get("/redirect", (c) => c.redirect("/json"));
routes.get("/throws", () => {
  throw new Error("the handler failed");
});
routes.get("/breaks", (c) => c.body(source(100, { failAt: 3 })));
const upstream = (path: string): Promise<Response> =>
  fetch(setting("UPSTREAM") + path, { headers: { "accept-encoding": "gzip" } });
routes.get("/upstream/:path", (c) => upstream(c.req.param("path")));

routes.get(
  "/body-of/:path",
  async (c) => new Response((await upstream(c.req.param("path"))).body),
);
routes.get("/tee/:path", async (c) => {
  const page = await upstream(c.req.param("path"));
  const [sent, dropped] = page.body!.tee();
  dropped.cancel().catch(() => {}); // settles when the other one does
  return new Response(sent);
});
routes.post("/echo", (c) => new Response(c.req.raw.body));
routes.post("/echo-clone", (c) => new Response(c.req.raw.clone().body));

/** The streams that only workerd has, and a rewriter that Bun has too. */
const workers = globalThis as unknown as {
  HTMLRewriter: new () => {
    on(
      selector: string,
      handlers: object,
    ): { transform(page: Response): Response };
  };
  FixedLengthStream: new (length: number) => TransformStream;
  IdentityTransformStream: new () => TransformStream;
};
routes.get(
  "/rewritten",
  async () =>
    new workers.HTMLRewriter().on("p", {}).transform(await upstream("plain")),
);
routes.get("/fixed/:path", async (c) => {
  const page = await upstream(c.req.param("path"));
  const length = Number(page.headers.get("content-length"));
  const { readable, writable } = new workers.FixedLengthStream(length);
  c.executionCtx.waitUntil(page.body!.pipeTo(writable));
  return new Response(readable, page);
});
routes.get("/identity/:path", async (c) => {
  const page = await upstream(c.req.param("path"));
  const { readable, writable } = new workers.IdentityTransformStream();
  c.executionCtx.waitUntil(page.body!.pipeTo(writable));
  return new Response(readable, page);
});
routes.get(
  "/wrong-length/:length",
  (c) => c.body("héllo", 200, { "content-length": c.req.param("length") }),
);
routes.get(
  "/kind/:kind/:size",
  (c) => kinds[c.req.param("kind")]!(+c.req.param("size")),
);
routes.get("/broken/:kind", (c) => broken[c.req.param("kind")]!(100_000));
for (const prefix of ["/inside/:what", "/outside/:what", "/slow", "/"]) {
  app.route(prefix, routes);
}

// a task of its own, added from inside the body
app.get("/own/late", (c) => {
  addTask(c);
  return c.body(source(8, { onEnd: () => addTask(c, "-late") }));
});
app.get(
  "/own/only-late",
  (c) => c.body(source(8, { onEnd: () => addTask(c, "-late") })),
);

// what lasts until the client says so; asked again and again, because on workerd no request may wake another
const open = new Set<string>();
app.get("/open/:gate", (c) => {
  open.add(c.req.param("gate"));
  return c.text("opened");
});
async function gate(name: string): Promise<void> {
  while (!open.has(name)) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
app.get("/waits/:gate", async (c) => {
  const opened = gate(c.req.param("gate"));
  console.log(`waits ${c.req.param("gate")}`);
  await opened;
  return c.text("waited");
});
app.use("/lasts/*", bodyLimit({ maxSize: 100 })); // replaces a request whose length is not stated
app.all("/lasts/:gate", (c) => {
  const opened = gate(c.req.param("gate"));
  return streamSSE(c, async (stream) => {
    await stream.writeSSE({ data: "first" });
    await opened;
    await stream.writeSSE({ data: "last" });
  });
});

app.get("/own/timeout/:gate", async (c) => {
  await gate(c.req.param("gate"));
  addTask(c);
  return c.text("too late");
});

app.get("/own/cancelled/:gate", (c) => {
  c.var.backgroundTasks.addTask(() => {}).cancel();
  const opened = gate(c.req.param("gate"));
  return streamSSE(c, async (stream) => {
    await stream.writeSSE({ data: "first" });
    await opened;
    addTask(c);
    await stream.writeSSE({ data: "last" });
  });
});

// the first task of a request, and one behind it, added in mid body
app.get("/own/mid/:gate", (c) => {
  const opened = gate(c.req.param("gate"));
  return streamSSE(c, async (stream) => {
    await stream.writeSSE({ data: "first" });
    await stream.sleep(20);
    addTask(c);
    await stream.sleep(5);
    addTask(c, "-second");
    await opened;
    await stream.writeSSE({ data: "last" });
  });
});

/** More chunks than the work below writes: it never waits for its client. */
const QUEUE = 10_000;

// the first task, added by work that goes on when the client has left
app.get("/own/apart/:gate", (c) => {
  const name = c.req.param("gate");
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(
    {},
    { highWaterMark: QUEUE },
  );
  async function readAll(): Promise<void> {
    const client = writable.getWriter();
    client.closed.catch(() => {});
    // until nobody reads any more: a Worker is told in no other way that its client has left
    const unread = (): number => QUEUE - (client.desiredSize ?? 0);
    while (!open.has(name) || unread() < 100) {
      client.write(text.encode("word ")).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    client.close().catch(() => {});
    addTask(c);
  }
  c.var.backgroundTasks.waitUntil(readAll());
  return c.body(readable);
});

// the first task, added when the client has left
app.get("/own/abort", (c) => {
  c.req.raw.signal.addEventListener("abort", () => addTask(c));
  return c.body(source(100_000));
});

app.get("/ping", (c) => c.text("pong"));
app.onError((error, c) => c.text(error.message, 500));

/** As a route of a framework calls it: the request is another one, and the server is not handed on. */
const withoutServer = {
  fetch: (request: Request) => app.fetch(new Request(request)),
};

/** As a handler calls it that forgets what the runtime hands over beside the request. */
const withoutArgument = { fetch: (request: Request) => app.fetch(request) };

const apps: Readonly<Record<string, unknown>> = {
  none: withoutServer,
  dropped: withoutArgument,
};

export default apps[setting("SERVER") ?? ""] ?? app;
