// npx wrangler dev examples/frameworks/workers/worker.ts --compatibility-date 2026-07-01
import { DurableObject } from "cloudflare:workers";
import {
  BackgroundTasks,
  backgroundTasks,
  type BackgroundTasksEnv,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";

/** The bindings. */
interface Env {
  readonly ROOM: {
    getByName(name: string): { fetch(request: Request): Promise<Response> };
  };
  readonly outside: { fetch(url: string): Promise<Response> };
}

/** What both an `ExecutionContext` and the state of a Durable Object have. */
interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

const sendEmail = async ({ outside }: Env, name: string): Promise<void> => {
  const { ok } = await outside.fetch(`https://mail.example.com/mail/${name}`);
  if (!ok) throw new Error("the mail server is down");
};

const runner = new TaskRunner();
const app = new Hono<BackgroundTasksEnv & { Bindings: Env }>();
app.use(backgroundTasks({ runner }));

app.get("/object/:page", (c) => c.env.ROOM.getByName("a").fetch(c.req.raw));

app.get("/:page", (c) => answer(c.req.raw, c.var.backgroundTasks, c.env));

function answer(
  request: Request,
  tasks: BackgroundTasks,
  env: Env,
): Response | Promise<Response> {
  const page = new URL(request.url).pathname.slice(1);
  const kind = page.split("/").at(-1);
  if (kind === "platform") return new Response(runner.stats().platform);
  tasks.with({ name: page }).addTask(sendEmail, env, page);
  if (kind === "fail") throw new Error("the handler failed");
  if (kind === "stream") return new Response(words());
  if (kind === "proxy") return env.outside.fetch("https://x/words");
  return Response.json({ page });
}

function words(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      for (const word of ["one ", "two ", "three"]) {
        controller.enqueue(new TextEncoder().encode(word));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      controller.close();
    },
  });
}

/** A Durable Object: `ctx` is its own. */
export class Room extends DurableObject {
  declare env: Env;
  declare ctx: Context;

  fetch(request: Request): Promise<Response> {
    return inRoom(request, this.env, this.ctx);
  }
}

const inRoom = withBackgroundTasks(
  (request, tasks, env: Env, _ctx: Context) => answer(request, tasks, env),
  { runner },
);

/** Cron, a batch of a queue and an email have no response to wait for: the promise is awaited. */
async function run(env: Env, name: string): Promise<void> {
  const tasks = new BackgroundTasks();
  tasks.addTask(sendEmail, env, name);
  const { failed } = await tasks.run();
  if (failed > 0) throw new Error(`${failed} tasks failed`); // the platform tries again
}

export default {
  fetch: app.fetch,
  scheduled: (_event: unknown, env: Env): Promise<void> => run(env, "cron"),
  queue: (_batch: unknown, env: Env): Promise<void> => run(env, "queue"),
  email: (_message: unknown, env: Env): Promise<void> => run(env, "email"),
};
