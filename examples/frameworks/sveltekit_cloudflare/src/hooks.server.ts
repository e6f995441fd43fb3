import {
  getBackgroundTasks,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import type { Handle, HandleServerError } from "@sveltejs/kit";

export const handle: Handle = ({ event, resolve }) =>
  withBackgroundTasks((_request, _tasks, _env: unknown, _ctx: unknown) =>
    resolve(event)
  )(event.request, event.platform?.env, event.platform?.ctx);

export const handleError: HandleServerError = ({ error, event }) =>
  getBackgroundTasks(event.request).fail(error);
