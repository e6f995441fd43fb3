import {
  getBackgroundTasks,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import type { Handle, HandleServerError } from "@sveltejs/kit/hooks";

export const handle: Handle = ({ event, resolve }) =>
  withBackgroundTasks(() => resolve(event))(event.request);

export const handleError: HandleServerError = ({ error, event }) =>
  getBackgroundTasks(event.request).fail(error);
