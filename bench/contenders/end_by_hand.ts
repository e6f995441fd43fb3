/**
 * The least that keeps a task out of the way of its response: what each runtime tells of the end,
 * then a later turn. No order, no error, no other kind of body, no shutdown: the rest of what a
 * task costs is this library's.
 */
import { type Context, Hono } from "hono";
import { ANSWER, tasksRun } from "../answer.ts";

/** What Deno, Bun and Node hand over beside the request; Workers hand over a context. */
export interface Platform {
  readonly completed?: Promise<void>;
  requestIP?(request: Request): unknown;
  readonly outgoing?: { once(event: "close", listener: () => void): void };
}

type Env = { Bindings: Platform };
/** What is read of a context, whatever its variables. */
type OneRequest = Pick<Context<Env>, "env" | "executionCtx" | "req">;

/**
 * An app without this library.
 *
 * @param task What each request runs after its response.
 */
export function endByHand(task: () => Promise<void>): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async function noop(_c, next) {
    await next();
  });
  app.get("/", (c) => {
    runAfterEnd(c, task);
    return c.json(ANSWER);
  });
  app.get("/ran", (c) => c.json(tasksRun()));
  return app;
}

/**
 * Runs a task in a later turn than the one in which its response has ended.
 *
 * @param c The Hono context of the request.
 * @param task What to run.
 */
export function runAfterEnd(c: OneRequest, task: () => Promise<void>): void {
  const { completed, outgoing } = c.env;
  if (completed !== undefined) {
    const over = (): void => nextTurn(() => nextTurn(task));
    completed.then(over, over);
  } else if (outgoing !== undefined) {
    outgoing.once("close", () => nextTurn(task));
  } else if (c.env.requestIP !== undefined) {
    if (watched.push({ c, task }) === 1) setImmediate(poll);
  } else {
    c.executionCtx.waitUntil(
      new Promise<void>((resolve) =>
        setTimeout(() => setTimeout(() => task().then(resolve), 0), 1)
      ),
    );
  }
}

interface Watched {
  readonly c: OneRequest;
  readonly task: () => Promise<void>;
}

let watched: Watched[] = [];

function poll(): void {
  const before = watched;
  watched = [];
  for (const one of before) {
    if (one.c.env.requestIP?.(one.c.req.raw) === null) one.task();
    else watched.push(one);
  }
  if (watched.length > 0) setImmediate(poll);
}

let waiting: (() => unknown)[] = [];

function nextTurn(callback: () => unknown): void {
  waiting.push(callback);
  if (waiting.length > 1) return;
  setImmediate(() => {
    const due = waiting;
    waiting = [];
    for (const callback of due) callback();
  });
}
