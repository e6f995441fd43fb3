import { withBackgroundTasks } from "@postlude/background-tasks";
import handler from "@tanstack/react-start/server-entry";

export default {
  fetch: withBackgroundTasks(async (request, tasks) => {
    const response = await handler.fetch(request); // what a route throws, the framework has made a response of
    if (response.status >= 500) tasks.fail(new Error("a route failed"));
    return response;
  }),
};
