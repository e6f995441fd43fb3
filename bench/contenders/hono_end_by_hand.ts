/**
 * The least that keeps a task out of the way of its response: what each runtime tells of the end,
 * then a later turn. No order, no error, no other kind of body, no shutdown: the rest of what a
 * task costs is this library's.
 */
import { type Context, Hono } from "hono";
import { ANSWER, tasksRun, work } from "../answer.ts";

/** What Deno, Bun and Node hand over beside the request; Workers hand over a context. */
interface Platform {
  readonly completed?: Promise<void>;
  requestIP?(request: Request): unknown;
  readonly outgoing?: { once(event: "close", listener: () => void): void };
}

type App = Context<{ Bindings: Platform }>;

const run = (): Promise<void> => work("ada@example.com");

const app = new Hono<{ Bindings: Platform }>();
app.use(async function noop(_c, next) {
  await next();
});
app.get("/", (c) => {
  runAfterEnd(c);
  return c.json(ANSWER);
});
app.get("/ran", (c) => c.json(tasksRun()));
export default app;

function runAfterEnd(c: App): void {
  const { completed, outgoing } = c.env;
  if (completed !== undefined) {
    const over = (): void => nextTurn(() => nextTurn(run));
    completed.then(over, over);
  } else if (outgoing !== undefined) {
    outgoing.once("close", () => nextTurn(run));
  } else if (c.env.requestIP !== undefined) {
    watched.push(c);
    timer ??= setTimeout(poll, 1);
  } else {
    c.executionCtx.waitUntil(
      new Promise<void>((resolve) =>
        setTimeout(() => setTimeout(() => run().then(resolve), 0), 1)
      ),
    );
  }
}

let watched: App[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

function poll(): void {
  const before = watched;
  watched = [];
  for (const c of before) {
    if (c.env.requestIP?.(c.req.raw) === null) run();
    else watched.push(c);
  }
  timer = watched.length > 0 ? setTimeout(poll, 1) : undefined;
}

let waiting: (() => unknown)[] = [];

function nextTurn(callback: () => unknown): void {
  waiting.push(callback);
  if (waiting.length > 1) return;
  setTimeout(() => {
    const due = waiting;
    waiting = [];
    for (const callback of due) callback();
  }, 1);
}
