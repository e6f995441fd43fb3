import {
  BackgroundTasks,
  backgroundTasksOf,
} from "./request/background_tasks.ts";
import { TaskEnqueueError } from "./check/errors.ts";
import type { Host } from "./request/request_context.ts";
import {
  type BackgroundTasksOptions,
  checkOptions,
} from "./request/options.ts";
import { RequestTasks } from "./request/request_tasks.ts";
import { joinTasks, shareTasks, unshareTasks } from "./request/shared_tasks.ts";

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
export interface HonoContext {
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
  const checked = checkOptions(options);
  const server: ServerKnowledge = { givesNoContext: false };
  return async function backgroundTasks(context, next): Promise<void> {
    if (context.get(VARIABLE) !== undefined) return await next();
    const host = new HonoHost(context, server);
    const joined = joinTasks(host);
    if (joined !== undefined) {
      context.set(VARIABLE, joined);
      return await next().catch((error) => {
        host.failed = { cause: error };
        throw error;
      });
    }
    const tasks = new RequestTasks(checked, host);
    const face = backgroundTasksOf(tasks);
    context.set(VARIABLE, face);
    shareTasks(host.request, face);
    let before: Response | undefined;
    try {
      await next();
      before = responseOf(context);
      const handedOver = tasks.handOver(before);
      if (handedOver !== undefined) await handedOver;
    } catch (error) {
      // Hono catches every `Error` of a handler: here come by what is none, and the refusal of an
      // engine, which Hono hands to `app.onError`, whose response is the only one then.
      host.failed = { cause: error };
      const failed = tasks.fail(error, before);
      if (failed !== undefined) await failed;
      if (error instanceof TaskEnqueueError) unsetResponse(context);
      throw error;
    } finally {
      unshareTasks(host.request);
    }
    const after = tasks.settle(before);
    if (after === undefined || after === before) return;
    unsetResponse(context);
    context.res = after;
  };
}

/**
 * The background tasks of a request, from any Hono context: in a helper, a sub-app, a middleware.
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
 * @param context The Hono context.
 * @returns The background tasks of its request.
 * @throws {TypeError} If the middleware is not registered for this route.
 */
export function getBackgroundTasks(
  context: Pick<HonoContext, "get">,
): BackgroundTasks {
  const tasks = context.get(VARIABLE);
  if (tasks instanceof BackgroundTasks) return tasks;
  throw new TypeError(
    "Cannot get the background tasks: the middleware is not registered for this route; " +
      "write app.use(backgroundTasks()) before it",
  );
}

function responseOf(context: HonoContext): Response | undefined {
  return context.finalized ? context.res : undefined;
}

/** Hono merges a response into the one that was set before, headers included: so unset that one. */
function unsetResponse(context: { res: Response | undefined }): void {
  context.res = undefined;
}

/** What a middleware has learnt of the server that calls its app. */
interface ServerKnowledge {
  /** Whether a request came from the server of Deno, Bun or Node without an execution context. */
  givesNoContext: boolean;
}

/** A request as its Hono context shows it. */
class HonoHost implements Host {
  failed: { readonly cause: unknown } | undefined = undefined;
  /** The one the server made: a middleware may replace it, by one that the server does not know. */
  readonly request: Request;
  readonly #context: HonoContext;
  readonly #server: ServerKnowledge;

  constructor(context: HonoContext, server: ServerKnowledge) {
    this.request = context.req.raw;
    this.#context = context;
    this.#server = server;
  }

  get platform(): unknown {
    return this.#context.env;
  }

  /**
   * The getter throws where there is none, and an error costs more than all the rest of a request
   * with a task: 4 µs on Deno. So where a server hands over no context it is asked once.
   */
  get executionContext(): unknown {
    const isServers = isFromServer(this.#context.env);
    if (isServers && this.#server.givesNoContext) return undefined;
    try {
      return this.#context.executionCtx;
    } catch {
      if (isServers) this.#server.givesNoContext = true;
      return undefined;
    }
  }

  get failure(): { readonly cause: unknown } | undefined {
    const { error } = this.#context;
    return error === undefined ? this.failed : { cause: error };
  }
}

/** A member of what each server hands over: Deno's info, Bun's server, Node's bindings. */
interface ServerMembers {
  readonly completed?: unknown;
  readonly requestIP?: unknown;
  readonly outgoing?: unknown;
}

/** Whether an app was called by the server of Deno, Bun or Node. */
function isFromServer(env: unknown): boolean {
  const server = env as ServerMembers | null | undefined;
  const member = server?.completed ?? server?.requestIP ?? server?.outgoing;
  return member !== undefined;
}
