/**
 * A front door for `(req, res, next)`: Express, Connect, Koa, Fastify, and `node:http` alone. On Node,
 * and for Express on Bun and Deno.
 *
 * Choose it where a handler gets Node's `IncomingMessage` and `ServerResponse` in place of a `Request`.
 *
 * @example Express
 * ```ts ignore because Express is no dependency of this package
 * import express from "express";
 * import { drainOnShutdown, getBackgroundTasks } from "@postlude/background-tasks";
 * import { backgroundTasks } from "@postlude/background-tasks/node";
 *
 * const app = express();
 * app.use(backgroundTasks());
 * app.post("/signup", (req, res) => {
 *   getBackgroundTasks(req).addTask(sendEmail, "ada@example.com");
 *   res.json({ status: "ok" });
 * });
 * app.use((error, req, res, next) => { // Express catches errors itself, so the app says so
 *   getBackgroundTasks(req).fail(error);
 *   next(error);
 * });
 *
 * drainOnShutdown({ server: app.listen(8000) });
 * ```
 *
 * @module
 */

import { isThenable, quote } from "./check/check.ts";
import type { Outbox } from "./queues/durable.ts";
import { callInside, openTasks, tasksOf } from "./request/handle.ts";
import { type BackgroundTasksOptions, readOptions } from "./request/options.ts";
import type { RequestContext } from "./request/request_context.ts";
import { isOver, type Outgoing } from "./response_end/node.ts";
import { MAY_BE_WORKERS } from "./response_end/runtime.ts";
import { processWork } from "./runner/process_work.ts";
import type { BackgroundTasks } from "./request/tasks.ts";
import type { BackgroundTask } from "./task/task.ts";

export type { BackgroundTasksOptions } from "./request/options.ts";

/** The members of Node's `ServerResponse` that the front door touches. */
export interface OutgoingMessage {
  /** The status, once it is sent. */
  readonly statusCode: number;
  /** Whether it is sent. */
  readonly headersSent: boolean;
  /** Whether everything was handed to the connection. */
  readonly writableFinished: boolean;
  /** Listens for `close`, in front of others. */
  prependOnceListener(event: "close", listener: () => void): unknown;
}

/** A middleware of Express and Connect; of Koa and Fastify with one arrow around it. */
export type NodeMiddleware = <Result>(
  req: object,
  res: OutgoingMessage,
  next: () => Result,
) => Result;

/**
 * The front door for `(req, res, next)`: gives each request its background tasks, which
 * `getBackgroundTasks(req)` returns. They start when the response has ended.
 *
 * What `next` returns is handed on. Where it is a promise, as Koa's is, its rejection is a failure of
 * the handler; where the framework handles errors itself, the app tells:
 * `getBackgroundTasks(req).fail(error)`.
 *
 * Durable tasks are refused: a handler sends its response itself, so nothing could keep that back until
 * the engine has them. `await enqueue(task, ...args)` hands one over before the handler answers.
 *
 * @example `node:http` alone
 * ```ts
 * import { drain, getBackgroundTasks } from "@postlude/background-tasks";
 * import { backgroundTasks } from "@postlude/background-tasks/node";
 * import { once } from "node:events";
 * import { createServer } from "node:http";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: string[] = [];
 * const door = backgroundTasks();
 * const server = createServer((req, res) =>
 *   door(req, res, () => {
 *     getBackgroundTasks(req).addTask((to: string) => { sent.push(to); }, "ada@example.com");
 *     res.end("ok");
 *   })
 * );
 * server.listen(0);
 * await once(server, "listening");
 * const { port } = server.address() as { port: number };
 * const response = await fetch(`http://localhost:${port}/`);
 * assertEquals(await response.text(), "ok");
 * server.close();
 * await once(server, "close");
 * await drain();
 * assertEquals(sent, ["ada@example.com"]);
 * ```
 *
 * @example Koa and Fastify
 * ```ts ignore because neither is a dependency of this package
 * const door = backgroundTasks();
 * koa.use((ctx, next) => door(ctx.req, ctx.res, next));
 * fastify.addHook("onRequest", (request, reply, done) => door(request.raw, reply.raw, done));
 * ```
 *
 * @param options Defaults of the tasks, and hooks.
 * @returns The middleware.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If an option is out of range.
 */
export function backgroundTasks(
  options: BackgroundTasksOptions = {},
): NodeMiddleware {
  const checked = readOptions(options);
  // a Worker has no shutdown, and perhaps no `WeakRef`
  if (!MAY_BE_WORKERS) processWork.counters.add(countOpen);
  return function backgroundTasks<Result>(
    req: object,
    res: OutgoingMessage,
    next: () => Result,
  ): Result {
    checkCall(req, res, next);
    const open = tasksOf(req);
    if (open !== undefined) return callInside(open, () => next());
    const context = new NodeContext(req, res);
    const tasks = openTasks(checked, context, undefined, req);
    tasks.outbox = NO_OUTBOX;
    if (!MAY_BE_WORKERS) remember(res);
    return settled(tasks, () => callInside(tasks, () => next()));
  };
}

/**
 * The responses that may not be over: a shutdown waits for them, because a handler that returns no
 * promise tells nobody when it has settled. A listener would touch each response, so those that are
 * over are looked for now and then.
 */
let unfinished: WeakRef<OutgoingMessage>[] = [];
/** How many may be there before the next look. */
let most = 64;

function remember(res: OutgoingMessage): void {
  if (unfinished.push(new WeakRef(res)) > most) most = 2 * countOpen() + 64;
}

function countOpen(): number {
  unfinished = unfinished.filter((ref) => {
    const res = ref.deref();
    return res !== undefined && !isOver(res as unknown as Outgoing);
  });
  return unfinished.length;
}

/** A request, as Node's `http` hands it over. */
class NodeContext implements RequestContext {
  readonly env: {
    readonly incoming: object;
    readonly outgoing: OutgoingMessage;
  };
  readonly executionCtx = undefined;
  readonly error = undefined;

  constructor(incoming: object, outgoing: OutgoingMessage) {
    this.env = { incoming, outgoing };
  }

  get sentStatus(): number | undefined {
    const { headersSent, statusCode } = this.env.outgoing;
    return headersSent ? statusCode : undefined;
  }
}

/** Takes no durable task: see `backgroundTasks()`. */
const NO_OUTBOX = {
  isClosed: true,
  tasks: () => [],
  write([task]: readonly BackgroundTask[]): never {
    throw new TypeError(
      `Cannot add durable task ${
        quote(task!.name)
      }: a handler of (req, res) sends its response itself, before its queue has the task; await ` +
        "enqueue(task, ...args) in the handler, before it answers",
    );
  },
} as unknown as Outbox;

/** Calls the handler, and tells its tasks when it has returned or thrown. */
function settled<Result>(tasks: BackgroundTasks, call: () => Result): Result {
  let result: Result;
  try {
    result = call();
  } catch (error) {
    throw failed(tasks, error);
  }
  if (!isThenable(result)) {
    tasks.settle(undefined);
    return result;
  }
  return result.then((value) => {
    tasks.settle(undefined);
    return value;
  }, (error) => {
    throw failed(tasks, error);
  }) as Result;
}

function failed(tasks: BackgroundTasks, error: unknown): unknown {
  tasks.fail(error);
  tasks.settle(undefined);
  return error;
}

function checkCall(req: unknown, res: unknown, next: unknown): void {
  const outgoing = res as Partial<OutgoingMessage> | null | undefined;
  const isCall = typeof req === "object" && req !== null &&
    typeof outgoing?.writableFinished === "boolean" &&
    typeof outgoing.prependOnceListener === "function" &&
    typeof next === "function";
  if (isCall) return;
  throw new TypeError(
    "Cannot open the front door: it wants Node's request, its response and next; write " +
      "app.use(backgroundTasks()), with Koa app.use((ctx, next) => door(ctx.req, ctx.res, next)), " +
      'with Fastify app.addHook("onRequest", (request, reply, done) => door(request.raw, reply.raw, done))',
  );
}
