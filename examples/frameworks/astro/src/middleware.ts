import { withBackgroundTasks } from "@postlude/background-tasks";
import { defineMiddleware } from "astro:middleware";

export const onRequest = defineMiddleware(({ request }, next) =>
  withBackgroundTasks(() => next())(request)
);
