/** An app of the framework that the variable `FRAMEWORK` names, behind the front door of `./node`. */
import { once } from "node:events";
import express from "express";
import fastify from "fastify";
import Koa from "koa";
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { getBackgroundTasks } from "@postlude/background-tasks";
import { currentBackgroundTasks } from "@postlude/background-tasks/context";
import {
  backgroundTasks,
  type NodeMiddleware,
} from "@postlude/background-tasks/node";
import { endWithParent, LISTENING } from "../../harness/servers/app.ts";

const LARGE = new Uint8Array(16 * 1024 * 1024);

/** The door; with the variable `DOOR`, none. */
const door: NodeMiddleware = process.env["DOOR"] === undefined
  ? backgroundTasks()
  : (_req, _res, next) => next();

function add(name: string): void {
  currentBackgroundTasks().addTask(() => console.log(name));
}

/** Adds what each route does, by the request that the framework hands over. */
async function handle(req: IncomingMessage, body: unknown): Promise<void> {
  const { pathname } = new URL(req.url ?? "", "http://localhost");
  if (pathname === "/plain" || pathname === "/count") return;
  getBackgroundTasks(req).addTask(() => console.log(`task of ${pathname}`));
  await new Promise((resolve) => setTimeout(resolve));
  add(`late task of ${pathname} ${JSON.stringify(body ?? null)}`);
  const always = getBackgroundTasks(req).with({ runOn: "always" });
  always.addTask(function audit() {
    console.log(`audit of ${pathname}`);
  });
  const status = getBackgroundTasks(req).with({
    runOn: (outcome, { status, outcome: end }) => {
      console.log(`${pathname} ${outcome} ${status} ${end}`);
      return false;
    },
  });
  status.addTask(function never() {});
  if (pathname === "/throws") throw new Error("handler failed");
}

const text = (req: IncomingMessage): string | Uint8Array =>
  req.url?.startsWith("/large") ? LARGE : "ok";

/** An event stream, which ends when its client has left. */
function sendEvents(res: ServerResponse): void {
  res.on("close", () => {
    res.end();
    if (res.req.url === "/events-throws") throw new Error("close listener");
  });
  res.write("data: 1\n\n");
}

const FRAMEWORKS: Record<string, () => ReturnType<typeof createServer>> = {
  http() {
    return createServer((req, res) =>
      void door(req, res, async () => {
        await handle(req, null);
        const { socket } = res;
        if (req.url === "/left") {
          console.log("waits");
          await once(res, "close"); // the answer comes when nobody is there
        }
        if (req.url !== "/detached" || socket === null) res.end(text(req));
        else {
          res.detachSocket(socket);
          socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
      }).catch(() => res.writeHead(500).end())
    );
  },
  express() {
    const app = express();
    app.use(door, express.json());
    app.use(async (req, res) => {
      if (req.url.startsWith("/events")) sendEvents(res);
      await handle(req, req.body);
      if (res.headersSent) return;
      const body = text(req);
      if (typeof body === "string") res.json(body);
      else res.end(body);
    });
    app.use(
      ((error, req, res, _next) => {
        getBackgroundTasks(req).fail(error);
        res.status(500).json("sorry");
      }) as express.ErrorRequestHandler,
    );
    return createServer(app as never);
  },
  koa() {
    const app = new Koa();
    app.silent = true;
    app.use((ctx, next) => door(ctx.req, ctx.res, next));
    app.use(async (ctx) => {
      await handle(ctx.req, null);
      const body = text(ctx.req);
      if (typeof body === "string") ctx.body = body;
      else {
        ctx.respond = false;
        ctx.res.end(body);
      }
    });
    return createServer(app.callback());
  },
  fastify() {
    let server!: ReturnType<typeof createServer>;
    const app = fastify({
      serverFactory: (handler) => server = createServer(handler),
    });
    app.addHook(
      "onRequest",
      (request, reply, done) => door(request.raw, reply.raw, done),
    );
    app.addHook("onError", (request, _reply, error, done) => {
      getBackgroundTasks(request.raw).fail(error);
      done();
    });
    app.all("/*", async (request, reply) => {
      await handle(request.raw, request.body);
      return reply.send(text(request.raw));
    });
    app.ready();
    return server;
  },
};

if (!("Deno" in globalThis)) endWithParent();
process.on("uncaughtException", (error) => console.log(error.message));
const server = FRAMEWORKS[process.env["FRAMEWORK"] ?? ""]!();
server.on("request", (req: IncomingMessage, res: ServerResponse) => {
  if (req.url === "/count") {
    const listeners = ["close", "finish", "error"].map((event) =>
      res.listenerCount(event)
    );
    console.log(`listeners ${listeners}`);
  }
});
server.listen(0, "127.0.0.1", () => {
  console.log(LISTENING + (server.address() as AddressInfo).port);
});
