import { describeValue } from "./check/check.ts";
import type { BackgroundTasks } from "./request/background_tasks.ts";
import {
  callInside,
  callJoined,
  failTasks,
  joinTasks,
  openTasks,
  settleTasks,
  tasksOf,
} from "./request/handle.ts";
import { type BackgroundTasksOptions, readOptions } from "./request/options.ts";
import type { RequestContext } from "./request/request_context.ts";
import { BackgroundTasks as Tasks } from "./request/tasks.ts";

/** The environment of a Hono app with the middleware: `new Hono<BackgroundTasksEnv>()`. */
export type BackgroundTasksEnv = {
  /** What `c.var` holds. */
  Variables: {
    /** The background tasks of the request. */
    backgroundTasks: BackgroundTasks;
  };
};

/**
 * The few members of Hono's `Context` the middleware touches. Structural, so that every copy of
 * Hono is accepted: npm's, JSR's, another version.
 */
export interface HonoContext extends RequestContext {
  /** The request. */
  readonly req: { readonly raw: Request };
  /** What the runtime handed over beside the request. */
  readonly env: unknown;
  /** What the handler threw, once Hono has caught it. */
  readonly error: Error | undefined;
  /** Whether there is a response. */
  readonly finalized: boolean;
  /** The response. */
  res: Response;
  /** The execution context; the getter throws where there is none. */
  readonly executionCtx: unknown;
  /** Reads a variable. */
  get(key: string): unknown;
  /** Sets a variable. */
  set(key: string, value: unknown): void;
}

/** A Hono middleware, typed structurally. */
export type BackgroundTasksMiddleware = (
  context: HonoContext,
  next: () => Promise<void>,
) => Promise<void>;

const VARIABLE = "backgroundTasks";

/**
 * The Hono middleware: gives each request its background tasks as `c.var.backgroundTasks`.
 *
 * Register it once, before everything else. Where it is registered again, further in, the
 * outermost registration and its options apply: a request has one queue.
 *
 * @example Send a mail after the response
 * ```ts
 * import { Hono } from "hono";
 * import { backgroundTasks, type BackgroundTasksEnv, drain } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: string[] = [];
 * const sendEmail = (to: string, subject: string) => { sent.push(`${subject} -> ${to}`); };
 *
 * const app = new Hono<BackgroundTasksEnv>();
 * app.use(backgroundTasks());
 * app.post("/signup", (c) => {
 *   c.var.backgroundTasks.addTask(sendEmail, "ada@example.com", "Welcome!");
 *   return c.json({ status: "ok" });
 * });
 *
 * await app.request("/signup", { method: "POST" });
 * await drain();
 * assertEquals(sent, ["Welcome! -> ada@example.com"]);
 * ```
 *
 * @param options Defaults of the tasks, and hooks.
 * @returns The middleware.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If an option is out of range.
 */
export function backgroundTasks(
  options: BackgroundTasksOptions = {},
): BackgroundTasksMiddleware {
  if ((options as Partial<HonoContext> | null)?.req) {
    throw new TypeError(
      "Cannot use a context as options: write app.use(backgroundTasks())",
    );
  }
  const checked = readOptions(options);
  return async function backgroundTasks(context, next): Promise<void> {
    if (context.get(VARIABLE) !== undefined) return await next();
    // the request that the server made: a middleware may replace it by one that the server does not know
    const { raw } = context.req;
    const joined = joinTasks(raw, context);
    if (joined !== undefined) {
      if (context.env instanceof Tasks) throw tasksAsEnv();
      context.set(VARIABLE, joined);
      return await callJoined(joined, next);
    }
    const tasks = openTasks(checked, context, raw);
    context.set(VARIABLE, tasks);
    let before: Response | undefined;
    let after: Response | undefined;
    try {
      await callInside(tasks, next);
      before = responseOf(context);
      const settled = settleTasks(tasks, before);
      after = settled instanceof Promise ? await settled : settled;
    } catch (error) {
      // Hono catches every `Error` of a handler. What arrives here is a thrown value that is no
      // `Error`, or an engine's refusal, whose response, of `app.onError`, is the only one then.
      const failed = failTasks(tasks, error, before);
      if (failed !== undefined) await failed;
      if (before !== undefined) unsetResponse(context);
      throw error;
    }
    if (after === undefined || after === before) return;
    unsetResponse(context);
    context.res = after;
  };
}

/**
 * The background tasks of a request: in a helper, a sub-app, a middleware, a route of any framework.
 *
 * @example Add a task from a helper
 * ```ts
 * import { getBackgroundTasks, type HonoContext } from "@postlude/background-tasks";
 *
 * const audit = (action: string) => console.log(action);
 *
 * function record(c: Pick<HonoContext, "get">, action: string): void {
 *   getBackgroundTasks(c).addTask(audit, action);
 * }
 * ```
 *
 * @example Inside a framework whose routes see the `Request`
 * ```ts
 * import { drain, getBackgroundTasks, withBackgroundTasks } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: string[] = [];
 * const app = {
 *   fetch(request: Request): Response {
 *     getBackgroundTasks(request).addTask((to: string) => { sent.push(to); }, "ada@example.com");
 *     return new Response("ok");
 *   },
 * };
 *
 * const fetch = withBackgroundTasks(app);
 * await fetch(new Request("https://example.com/"));
 * await drain();
 * assertEquals(sent, ["ada@example.com"]);
 * ```
 *
 * @param from A Hono context, or the request: a `Request`, and with `./node` an `IncomingMessage`.
 * @returns The background tasks of the request.
 * @throws {TypeError} If no front door is open for the request, or another copy of this package opened
 * it.
 */
export function getBackgroundTasks(
  from: Pick<HonoContext, "get"> | object,
): BackgroundTasks {
  if (typeof from !== "object" || from === null) {
    throw new TypeError(
      `Cannot get background tasks from ${
        describeValue(from)
      }: write getBackgroundTasks(c) with Hono's context, or getBackgroundTasks(request)`,
    );
  }
  const tasks = tasksFrom(from);
  if (tasks instanceof Tasks) return tasks;
  throw new TypeError(
    tasks === undefined
      ? "Cannot get the background tasks: no front door is open for this request; write " +
        "app.use(backgroundTasks()) before the route, or fetch: withBackgroundTasks(app)"
      : "Cannot get the background tasks: another copy of @postlude/background-tasks opened the " +
        "front door; install one version, and bundle it once",
  );
}

/**
 * What there is, whoever made it. Requests of Express and contexts of Koa have a `get()` as well: it
 * returns the text of a header.
 */
function tasksFrom(from: object): unknown {
  const tasks = tasksOf(from);
  const { get } = from as Partial<HonoContext>;
  if (tasks !== undefined || typeof get !== "function") return tasks;
  const value = (from as HonoContext).get(VARIABLE);
  return typeof value === "object" ? value : undefined;
}

/** The error of an app that is called as a handler: its `c.env` is the queue. */
function tasksAsEnv(): TypeError {
  return new TypeError(
    "Cannot use c.env: it holds the background tasks; write withBackgroundTasks(app) in place of app.fetch",
  );
}

function responseOf(context: HonoContext): Response | undefined {
  return context.finalized ? context.res : undefined;
}

/** Hono merges a response into the one that was set before, headers included: so unset that one. */
function unsetResponse(context: { res: Response | undefined }): void {
  context.res = undefined;
}
