// PORT=8000 bun examples/frameworks/bun_routes/bun.ts
import {
  drainOnShutdown,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { answer, port } from "../work.ts";

/** The members of Bun that are used here. */
declare const Bun: { serve(options: object): { stop(): Promise<void> } };

const server = Bun.serve({
  port,
  routes: { "/:page": withBackgroundTasks(answer) },
});
drainOnShutdown({ server });
