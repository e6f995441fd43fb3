/**
 * AWS Lambda, as its runtime calls a handler: the process is stopped when that has settled. `MODE`
 * names the handler.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { Writable } from "node:stream";
import {
  backgroundTasks,
  type BackgroundTasksEnv,
  drain,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { handle, streamHandle } from "hono/aws-lambda";

/** Written at once: what waits in a buffer is stopped with the process. */
function log(line: string): void {
  writeSync(1, `${line}\n`);
}

type Handler = (...args: never[]) => Promise<unknown>;

/** What the runtime defines: it marks the handler, and returns it. */
const awslambda = {
  streamifyResponse: <H extends Handler>(handler: H): H => handler,
  HttpResponseStream: { from: (stream: Writable): Writable => stream },
};
Object.assign(globalThis, { awslambda });

const mode = process.env["MODE"] ?? "";
const app = new Hono<BackgroundTasksEnv>();
app.use(backgroundTasks(mode === "bare" ? {} : { waitUntil: () => {} }));
app.get("/", (c) => {
  for (const name of ["one", "two"]) {
    c.var.backgroundTasks.addTask(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      log(`task ${name}`);
    });
  }
  return c.text("hello");
});

const bare = handle(app);
const stream = streamHandle(app) as unknown as (
  event: unknown,
  stream: Writable,
  context: unknown,
) => Promise<void>;

const HANDLERS: Record<string, Handler> = {
  bare,
  async drained(event: never, context: never) {
    const result = await bare(event, context);
    await drain({ timeout: 10_000 });
    return result;
  },
  /** Azure Functions: its adapter takes the body's reader, and the host reads behind the handler. */
  async read() {
    const response = await app.fetch(new Request("http://localhost/"));
    const whole = response.body && await response.arrayBuffer();
    const reader = new Response(whole, response).body!.getReader();
    await drain({ timeout: 1_000 });
    return { body: new TextDecoder().decode((await reader.read()).value) };
  },
  streamed: awslambda.streamifyResponse(
    async (event: never, responseStream: Writable, context: never) => {
      await stream(event, responseStream, context);
      await drain({ timeout: 10_000 });
    },
  ),
};

const event = {
  version: "2.0",
  routeKey: "$default",
  rawPath: "/",
  rawQueryString: "",
  headers: {},
  isBase64Encoded: false,
  requestContext: {
    domainName: "localhost",
    http: { method: "GET", path: "/" },
  },
};

const client = new Writable({
  write(chunk, _encoding, done): void {
    log(`client ${chunk}`);
    done();
  },
});

const handler = HANDLERS[mode] as (...args: unknown[]) => Promise<unknown>;
const args = mode === "streamed" ? [event, client, {}] : [event, {}];
for (let invocation = 1; invocation <= 2; invocation++) {
  const result = await handler(...args) as { body?: string } | undefined;
  if (mode !== "streamed") log(`client ${result?.body}`);
  log(`settled ${invocation}`);
  process.kill(process.pid, "SIGSTOP");
}
