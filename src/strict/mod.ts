/**
 * Strict mode, for development: it warns when a task is handed something that belongs to the request,
 * or an entity, and says what to pass instead.
 *
 * Choose it while an app is written, and leave it out where it runs: `NODE_ENV`, a flag, as you like.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { backgroundTasks, type BackgroundTasksEnv } from "@postlude/background-tasks";
 * import { strictMode } from "@postlude/background-tasks/strict";
 *
 * const app = new Hono<BackgroundTasksEnv>();
 * app.use(backgroundTasks({ strict: strictMode() }));
 *
 * export default app;
 * ```
 *
 * @module
 */

import { describeValue, isThenable, quote } from "../check/check.ts";
import { property } from "../check/property.ts";
import type { StrictMode } from "../request/options.ts";

export type { StrictMode } from "../request/options.ts";

/**
 * Makes what warns with `console.warn`, once per task name, when a task is handed a Hono context, a
 * `Request` with an unread body, a stream that the response or the request still needs, a promise, or
 * an instance of a class of yours. The debug log says once what keeps the work alive after the
 * response.
 *
 * @example Warn while the app is written
 * ```ts
 * import { backgroundTasks } from "@postlude/background-tasks";
 * import { strictMode } from "@postlude/background-tasks/strict";
 *
 * const middleware = backgroundTasks({ strict: strictMode() });
 * ```
 *
 * @returns The option `strict`; it remembers what it has said.
 */
export function strictMode(): StrictMode {
  return new Strict();
}

/** The state of strict mode: each warning is given once. */
class Strict implements StrictMode {
  readonly #warned = new Set<string>();
  #platform: string | undefined;

  /**
   * Says in the debug log what keeps the work alive after the response, when that is news.
   *
   * @param platform The source of the `waitUntil`, by name.
   */
  log(platform: string): void {
    if (platform === this.#platform) return;
    this.#platform = platform;
    console.debug(`Background tasks: kept alive by "${platform}"`);
  }

  /**
   * Warns when a task is handed something that belongs to the request, or an entity.
   *
   * @param name The name of the task.
   * @param args What the task is called with.
   * @param request The request, where there is one.
   */
  check(
    name: string,
    args: readonly unknown[],
    request: Request | undefined,
  ): void {
    if (this.#warned.has(name)) return;
    const problems = args.map((value, index) => {
      const problem = problemSeen(value, request);
      return problem && `argument ${index + 1} is ${problem}`;
    }).filter((problem) => problem !== undefined);
    if (problems.length === 0) return;
    this.#warned.add(name);
    console.warn(`Background task ${quote(name)}: ${problems.join("; ")}`);
  }

  /**
   * Warns when a task was handed the response, or the stream that it sends.
   *
   * @param response The response.
   * @param tasks The tasks that wait for its end.
   */
  responds(
    response: Response | undefined,
    tasks: readonly {
      readonly name: string;
      readonly args: readonly unknown[];
    }[],
  ): void {
    if (!response) return;
    for (const { name, args } of tasks) {
      if (this.#warned.has(name)) continue;
      // the body is read last: that may make a stream of it
      const index = args.findIndex((value) =>
        value === response || isReadable(value) && isBody(value, response)
      );
      if (index < 0) continue;
      this.#warned.add(name);
      const what = args[index] === response
        ? "response itself; pass its clone()"
        : "stream that the response sends; pass a branch of its tee()";
      console.warn(
        `Background task ${quote(name)}: argument ${
          index + 1
        } is the ${what}, or what it holds`,
      );
    }
  }
}

/** Whether a value is a stream, where it can be looked at: a warning must not fail. */
function isReadable(value: unknown): value is ReadableStream {
  try {
    return value instanceof ReadableStream;
  } catch {
    return false;
  }
}

function isBody(stream: ReadableStream, response: unknown): boolean {
  try {
    return stream === (response as Partial<Response>).body;
  } catch {
    return false; // the handler returned no response
  }
}

/** What is wrong with a value, where it can be looked at. */
function problemSeen(
  value: unknown,
  request: Request | undefined,
): string | undefined {
  try {
    return problemOfBody(value, request) ?? problemOf(value);
  } catch {
    return undefined;
  }
}

/** The stream of the request itself. It is asked for only where a task is handed a stream. */
function problemOfBody(
  value: unknown,
  request: Request | undefined,
): string | undefined {
  if (!isReadable(value) || request?.body !== value) return undefined;
  return "the body of the request, which is gone when the response has left; read it in the handler, " +
    "and pass what it held";
}

/** What is wrong with handing a value to a task, and what to do instead. */
function problemOf(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const problem = value.map(problemOf).find((problem) => problem);
    return problem && `an array that holds ${problem}`;
  }
  if (typeof value !== "object" || value === null) return undefined;
  return problemOfRequest(value) ?? problemOfEntity(value);
}

/** Something that belongs to the request, and may be used up or gone when the task runs. */
function problemOfRequest(value: object): string | undefined {
  if (isHonoContext(value)) {
    return "a Hono context, which belongs to the request; read what the task needs from it, and " +
      "pass that";
  }
  if (property(value, "raw") instanceof Request) {
    return "Hono's request, which belongs to the request; read what the task needs from it, and " +
      "pass that";
  }
  if (value instanceof Request && !value.bodyUsed && value.body !== null) {
    return "a Request with an unread body, which is gone when the response has left; read it in " +
      "the handler, and pass what it held";
  }
  if (value instanceof Response && (value.bodyUsed || value.body?.locked)) {
    return "a Response whose body is on its way to the client; pass its clone(), or what it holds";
  }
  if (value instanceof ReadableStream && value.locked) {
    return "a locked stream, which nobody else can read; pass a branch of its tee(), or what it holds";
  }
  if (value instanceof WritableStream) {
    return "a WritableStream, which the response waits for if it is the other end, while the task waits " +
      "for the response; write tasks.waitUntil(fill(writable)), which begins at once";
  }
  if (value instanceof AbortSignal) {
    return "an AbortSignal, which aborts when the client leaves if it is the request's; use the " +
      "signal of the task's context, from defineTask";
  }
  if (isThenable(value)) {
    return "a Promise, whose rejection nobody handles before the task runs; await it in the " +
      "handler, and pass its value";
  }
  return undefined;
}

/** An instance of an application's class, which may be stale when the task runs. */
function problemOfEntity(value: object): string | undefined {
  const what = describeValue(value);
  if (what === "an object") return undefined;
  // the platform's own, of any realm: `Date`, a subclass of `Error`, `Intl.NumberFormat`
  const [, tag = ""] = /(\w+)[.\]]/.exec({}.toString.call(value)) ?? [];
  const isPlatforms = tag in globalThis || tag === "Temporal"; // which has polyfills
  if (tag !== "Object" && isPlatforms) return undefined;
  return `${what}, an entity that may have changed when the task runs; pass its ID, and load it inside`;
}

/** Structural, like the middleware: any copy of Hono. */
function isHonoContext(value: object): boolean {
  return property(property(value, "req"), "raw") instanceof Request &&
    typeof property(value, "get") === "function" &&
    typeof property(value, "set") === "function";
}
