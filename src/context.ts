/**
 * The background tasks of the request that runs now, from anywhere below its front door: in a service,
 * three calls below the route, without handing anything on.
 *
 * Choose it where the tasks would have to be handed through functions that have nothing to do with
 * them. Importing it switches it on, for every front door of the process: `AsyncLocalStorage` of
 * `node:async_hooks` then surrounds each handler. Where a framework loads a route with its first
 * request, import it in the file of the front door as well. Workers need the flag `nodejs_compat` or
 * `nodejs_als` for it.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { backgroundTasks } from "@postlude/background-tasks";
 * import { currentBackgroundTasks } from "@postlude/background-tasks/context";
 *
 * const audit = (userId: string, action: string) => console.log(userId, action);
 *
 * function logIn(userId: string): void { // knows no request
 *   currentBackgroundTasks().addTask(audit, userId, "login");
 * }
 *
 * const app = new Hono();
 * app.use(backgroundTasks());
 * app.post("/login", (c) => {
 *   logIn("42");
 *   return c.text("ok");
 * });
 *
 * export default app;
 * ```
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { BackgroundTasks } from "./request/background_tasks.ts";
import { enterEachRequest } from "./request/handle.ts";

const storage = new AsyncLocalStorage<BackgroundTasks>();
enterEachRequest((tasks, call) => storage.run(tasks, call));

/**
 * The background tasks of the request that runs now.
 *
 * It works below every front door: `backgroundTasks()`, `withBackgroundTasks()` and that of `./node`;
 * and in the tasks themselves, which see the request of the `addTask` call. What runs outside of the
 * request's async context has none: a message of a WebSocket, a timer of the module. There, keep what
 * `getBackgroundTasks()` returned.
 *
 * @example Three calls below the route
 * ```ts
 * import { drain, withBackgroundTasks } from "@postlude/background-tasks";
 * import { currentBackgroundTasks } from "@postlude/background-tasks/context";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: string[] = [];
 * async function signUp(email: string): Promise<void> {
 *   await Promise.resolve();
 *   currentBackgroundTasks().addTask((to: string) => { sent.push(to); }, email);
 * }
 *
 * const fetch = withBackgroundTasks(async () => {
 *   await signUp("ada@example.com");
 *   return new Response("ok");
 * });
 * await fetch(new Request("https://example.com/"));
 * await drain();
 * assertEquals(sent, ["ada@example.com"]);
 * ```
 *
 * @returns The background tasks.
 * @throws {TypeError} If no request runs here.
 */
export function currentBackgroundTasks(): BackgroundTasks {
  const tasks = storage.getStore();
  if (tasks !== undefined) return tasks;
  throw new TypeError(
    "Cannot get the background tasks: this code runs outside a request, above its front door, or " +
      "./context was loaded later; write app.use(backgroundTasks()) before the route, or fetch: withBackgroundTasks(app)",
  );
}
