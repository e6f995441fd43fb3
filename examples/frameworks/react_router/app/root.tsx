import { withBackgroundTasks } from "@postlude/background-tasks";
import { type MiddlewareFunction, Outlet } from "react-router";

export const middleware: MiddlewareFunction<Response>[] = [
  ({ request }, next) =>
    withBackgroundTasks(async (_, tasks) => {
      const response = await next(); // what a loader throws, the framework has made a response of
      if (response.status >= 500) tasks.fail(new Error("a loader failed"));
      return response;
    })(request),
];

export default function Root() {
  return <html lang="en"><body><Outlet /></body></html>;
}
