// PORT=8000 deno run -A examples/frameworks/h3/app.ts          (or: bun, node)
import {
  drainOnShutdown,
  getBackgroundTasks,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { H3 } from "h3";
import { serve } from "srvx";
import { answer, port } from "../work.ts";

const app = new H3({
  onError: (error, { req }) => getBackgroundTasks(req).fail(error),
});

app.get("/:page", ({ req }) => answer(req, getBackgroundTasks(req)));

const server = serve({ fetch: withBackgroundTasks(app), port });
drainOnShutdown({ server });
