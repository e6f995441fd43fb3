/** A route handler of Next.js: without a task, with its own `after()`, or with this library. */
import { withBackgroundTasks } from "@postlude/background-tasks";
import process from "node:process";
import { ANSWER, tasksRun, work } from "../answer.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/**
 * The handler that the environment names.
 *
 * @param after Next.js' own function.
 */
export function handlerOf(
  after: (work: Promise<unknown> | (() => unknown)) => void,
): Handler {
  const handlers: Record<string, Handler> = {
    none: () => Response.json(ANSWER),
    after(): Response {
      after(() => work("ada@example.com"));
      return Response.json(ANSWER);
    },
    tasks: withBackgroundTasks((_request: Request, tasks) => {
      tasks.addTask(work, "ada@example.com");
      return Response.json(ANSWER);
    }, { waitUntil: (promise) => after(promise) }),
  };
  return (request) =>
    new URL(request.url).pathname === "/ran"
      ? Response.json(tasksRun())
      : handlers[process.env["VARIANT"] ?? ""]!(request);
}
