import { describeValue } from "./check/check.ts";
import type { BackgroundTasks } from "./request/background_tasks.ts";
import {
  callInside,
  callJoined,
  failTasks,
  joinTasks,
  openTasks,
  settleTasks,
} from "./request/handle.ts";
import { type BackgroundTasksOptions, readOptions } from "./request/options.ts";
import type { RequestContext } from "./request/request_context.ts";
import type { BackgroundTasks as Tasks } from "./request/tasks.ts";

/** A fetch handler that gets its request's background tasks second. */
export type BackgroundTasksHandler<
  Platform extends readonly unknown[],
  Req extends Request = Request,
> = (
  request: Req,
  tasks: BackgroundTasks,
  ...platformArguments: Platform
) => Response | Promise<Response>;

/** An app of a framework: an object whose `fetch` handles a request. */
export interface FetchApp<Args extends readonly unknown[]> {
  /** Handles a request. */
  fetch(...args: Args): Response | Promise<Response>;
}

/**
 * Refuses `app.fetch` of a Hono app in the place of a handler: that takes its bindings second, and
 * would get the tasks. Its third parameter is an optional execution context.
 *
 * @typeParam Platform What the function takes behind its second parameter.
 */
export type NoAppFetch<Platform extends readonly unknown[]> = Platform extends
  readonly [] ? unknown
  : number extends Platform["length"] ? unknown
  : [] extends Platform ? unknown extends Platform[0] ? unknown
    : Platform[0] extends { passThroughOnException(): void } | undefined
      ? { "write withBackgroundTasks(app) in place of app.fetch": never }
    : unknown
  : unknown;

/**
 * Wraps a fetch handler, so that it gets the background tasks of its request second; or an app, an
 * object with `fetch`, whose routes get them by `getBackgroundTasks(request)`.
 *
 * What the runtime hands over beside the request follows behind: Workers' `env` and `ctx`, Deno's
 * info, Bun's server, Node's `{ incoming, outgoing }`.
 *
 * @example Send a mail after the response
 * ```ts
 * import { drain, withBackgroundTasks } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: string[] = [];
 * const sendEmail = (to: string) => { sent.push(to); };
 *
 * const server = {
 *   fetch: withBackgroundTasks((_request, tasks) => {
 *     tasks.addTask(sendEmail, "ada@example.com");
 *     return new Response("ok");
 *   }),
 * };
 *
 * const response = await server.fetch(new Request("https://example.com/"));
 * assertEquals(await response.text(), "ok");
 * await drain();
 * assertEquals(sent, ["ada@example.com"]);
 * ```
 *
 * @example Inside a framework: wrap its app, and ask by the request
 * ```ts
 * import { drain, getBackgroundTasks, withBackgroundTasks } from "@postlude/background-tasks";
 * import { Hono } from "hono";
 *
 * const app = new Hono<{ Bindings: { SECRET: string } }>();
 * app.get("/", (c) => {
 *   getBackgroundTasks(c.req.raw).addTask(() => console.log("after the response"));
 *   return c.text(c.env.SECRET);
 * });
 *
 * const server = { fetch: withBackgroundTasks(app) }; // its arguments are what they were
 * await server.fetch(new Request("https://example.com/"), { SECRET: "s" });
 * await drain();
 * ```
 *
 * @typeParam Req The request, of the runtime or of a framework.
 * @typeParam Platform What the runtime hands over beside the request.
 * @param handler The fetch handler.
 * @param options Defaults of the tasks, and hooks.
 * @returns A fetch handler for the runtime.
 * @throws {TypeError} If the handler is not a function, or an option is unknown or of the wrong
 * kind.
 * @throws {RangeError} If an option is out of range.
 */
export function withBackgroundTasks<
  Platform extends readonly unknown[],
  Req extends Request = Request,
>(
  handler: BackgroundTasksHandler<Platform, Req> & NoAppFetch<Platform>,
  options?: BackgroundTasksOptions,
): (request: Req, ...platformArguments: Platform) => Promise<Response>;
/**
 * Wraps an app, whose routes get the background tasks by `getBackgroundTasks(request)`.
 *
 * @typeParam Args What the runtime hands to the app's `fetch`; unchanged.
 * @param app The app.
 * @param options Defaults of the tasks, and hooks.
 * @returns A fetch handler for the runtime.
 * @throws {TypeError} If the app has no `fetch`, or an option is unknown or of the wrong kind.
 * @throws {RangeError} If an option is out of range.
 */
export function withBackgroundTasks<Args extends readonly unknown[]>(
  app: FetchApp<Args>,
  options?: BackgroundTasksOptions,
): (...args: Args) => Promise<Response>;
export function withBackgroundTasks(
  handlerOrApp: unknown,
  options: BackgroundTasksOptions = {},
): (request: Request, ...platform: readonly unknown[]) => Promise<Response> {
  const handle = handlerOf(handlerOrApp);
  const checked = readOptions(options);
  return async function fetch(request, ...platform): Promise<Response> {
    checkRequest(request);
    const context: RequestContext = {
      env: platform[0],
      executionCtx: platform[1],
      error: undefined,
    };
    const joined = joinTasks(request, context);
    if (joined !== undefined) {
      return await callJoined(
        joined,
        () => handle(request, joined, platform),
      );
    }
    const tasks = openTasks(checked, context, request);
    let response: Response | undefined;
    try {
      response = await callInside(
        tasks,
        () => handle(request, tasks, platform),
      );
      const settled = settleTasks(tasks, response);
      const sent = settled instanceof Promise ? await settled : settled;
      return sent ?? response;
    } catch (error) {
      const failed = failTasks(tasks, error, response);
      if (failed !== undefined) await failed;
      throw error;
    }
  };
}

/** Calls a handler with the tasks, or an app with its own arguments. */
type Handle = (
  request: Request,
  tasks: Tasks,
  platform: readonly unknown[],
) => Response | Promise<Response>;

function handlerOf(handlerOrApp: unknown): Handle {
  if (typeof handlerOrApp === "function") {
    return (request, tasks, platform) =>
      handlerOrApp(request, tasks, ...platform);
  }
  const app = handlerOrApp as FetchApp<readonly unknown[]> | null | undefined;
  if (typeof app?.fetch === "function") {
    return (request, _tasks, platform) => app.fetch(request, ...platform);
  }
  throw new TypeError(
    `Cannot use handler ${
      describeValue(handlerOrApp)
    }: write (request, tasks) => new Response("ok"), or an app that has fetch(request)`,
  );
}

function checkRequest(request: unknown): void {
  if (typeof request === "object" && request !== null) return;
  throw new TypeError(
    `Cannot handle ${
      describeValue(request)
    }: call the wrapped handler with a Request`,
  );
}
