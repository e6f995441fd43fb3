import {
  type BackgroundTasks,
  backgroundTasksOf,
} from "./request/background_tasks.ts";
import { checkType } from "./check/check.ts";
import type { Host } from "./request/request_context.ts";
import {
  type BackgroundTasksOptions,
  checkOptions,
} from "./request/options.ts";
import { RequestTasks } from "./request/request_tasks.ts";
import { joinTasks, shareTasks, unshareTasks } from "./request/shared_tasks.ts";

/** A fetch handler that gets its request's background tasks second. */
export type BackgroundTasksHandler<Platform extends readonly unknown[]> = (
  request: Request,
  tasks: BackgroundTasks,
  ...platformArguments: Platform
) => Response | Promise<Response>;

/**
 * Wraps a fetch handler, so that it gets the background tasks of its request.
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
 * @typeParam Platform What the runtime hands over beside the request.
 * @param handler The fetch handler.
 * @param options Defaults of the tasks, and hooks.
 * @returns A fetch handler for the runtime.
 * @throws {TypeError} If the handler is not a function, or an option is unknown or of the wrong
 * kind.
 * @throws {RangeError} If an option is out of range.
 */
export function withBackgroundTasks<Platform extends readonly unknown[]>(
  handler: BackgroundTasksHandler<Platform>,
  options: BackgroundTasksOptions = {},
): (request: Request, ...platformArguments: Platform) => Promise<Response> {
  const example = '(request, tasks) => new Response("ok")';
  checkType("handler", handler, "function", example);
  const checked = checkOptions(options);
  return async function fetch(
    request: Request,
    ...platformArguments: Platform
  ): Promise<Response> {
    const host = new FetchHost(request, platformArguments);
    const joined = joinTasks(host);
    if (joined !== undefined) {
      return await handler(request, joined, ...platformArguments);
    }
    const tasks = new RequestTasks(checked, host);
    const face = backgroundTasksOf(tasks);
    shareTasks(request, face);
    let response: Response | undefined;
    try {
      response = await handler(request, face, ...platformArguments);
      const handedOver = tasks.handOver(response);
      if (handedOver !== undefined) await handedOver;
    } catch (error) {
      host.failure = { cause: error };
      const failed = tasks.fail(error, response);
      if (failed !== undefined) await failed;
      throw error;
    } finally {
      unshareTasks(request);
    }
    return tasks.settle(response) ?? response;
  };
}

/** A request as a fetch handler gets it. */
class FetchHost implements Host {
  failure: { readonly cause: unknown } | undefined = undefined;
  readonly request: Request;
  readonly #platformArguments: readonly unknown[];

  constructor(request: Request, platformArguments: readonly unknown[]) {
    this.request = request;
    this.#platformArguments = platformArguments;
  }

  get platform(): unknown {
    return this.#platformArguments[0];
  }

  get executionContext(): unknown {
    return this.#platformArguments[1];
  }
}
