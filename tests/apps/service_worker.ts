/**
 * A worker in the service worker format, where the event takes the place of the context.
 *
 * @module
 */
import { withBackgroundTasks } from "@postlude/background-tasks";
import { handle } from "hono/service-worker";
import { addTask, app, runner } from "./workers.ts";

interface FetchEvent {
  readonly request: Request;
  respondWith(response: Response | Promise<Response>): void;
}

const wrapped = withBackgroundTasks((request, tasks, _event: FetchEvent) => {
  addTask(tasks, request);
  return new Response("ok");
}, { runner });

// Hono sees it as the execution context, a handler of one's own gets it beside the request
const onHono = handle(app) as unknown as (event: FetchEvent) => void;
const listener = (event: FetchEvent): void => {
  if (new URL(event.request.url).pathname === "/hono") onHono(event);
  else event.respondWith(wrapped(event.request, event));
};
addEventListener("fetch", listener as unknown as EventListener);
