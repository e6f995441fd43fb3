import { withBackgroundTasks } from "@postlude/background-tasks";
import { type MiddlewareFunction, Outlet } from "react-router";

export const middleware: MiddlewareFunction<Response>[] = [
  ({ request }, next) =>
    withBackgroundTasks(() => next(), { failureStatus: 500 })(request),
];

export default function Root() { // yours, as it was
  return (
    <html lang="en">
      <body>
        <Outlet />
      </body>
    </html>
  );
}
