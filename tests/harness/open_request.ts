import {
  type BackgroundTasks,
  type BackgroundTasksOptions,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { gate } from "./gate.ts";

/** A request whose handler is still at work. */
export interface OpenRequest {
  /** Its tasks, which count from the first one on. */
  readonly tasks: BackgroundTasks;
  /** Lets the handler return; resolves when the response has been returned. */
  respond(): Promise<void>;
}

/**
 * Begins to handle a request, by the front door of a fetch handler.
 *
 * @param options The options of the door.
 */
export function openRequest(options: BackgroundTasksOptions): OpenRequest {
  const responds = gate();
  let tasks: BackgroundTasks | undefined;
  const fetch = withBackgroundTasks((_request, its) => {
    tasks = its;
    return responds.opened.then(() => new Response(null));
  }, options);
  const handled = fetch(new Request("https://example.com/"));
  return {
    tasks: tasks!,
    async respond() {
      responds.open();
      await handled;
    },
  };
}
