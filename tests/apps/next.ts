/** A route handler of Next.js. Its task waits for an answer of the address in `?until=`. */
import {
  TaskRunner,
  type WaitUntil,
  withBackgroundTasks,
} from "@postlude/background-tasks";

/** Makes it; with the `waitUntil` of the route, or with what is found. */
export function handler(
  options: { readonly waitUntil?: WaitUntil },
): (request: Request) => Promise<Response> {
  const runner = new TaskRunner();
  return withBackgroundTasks((request, tasks) => {
    const until = new URL(request.url).searchParams.get("until");
    tasks.addTask(async () => {
      await fetch(until ?? "");
      console.log("the task ran");
    });
    return new Response(runner.stats().platform);
  }, { ...options, runner });
}
