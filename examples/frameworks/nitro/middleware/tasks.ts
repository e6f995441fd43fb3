import { withBackgroundTasks } from "@postlude/background-tasks";
import { defineMiddleware, toResponse } from "nitro/h3";

export default defineMiddleware((event, next) =>
  withBackgroundTasks(async () => toResponse(await next(), event))(event.req)
);
