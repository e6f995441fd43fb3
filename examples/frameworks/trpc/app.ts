// PORT=8000 deno run -A examples/frameworks/trpc/app.ts          (or: bun, node)
import {
  type BackgroundTasks,
  drainOnShutdown,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { serve } from "srvx";
import { addEmail, port, upstream, words } from "../work.ts";

const t = initTRPC.context<{ tasks: BackgroundTasks }>().create();

const procedure = t.procedure.use(({ ctx, path, next }) => {
  addEmail(ctx.tasks, path);
  return next();
});

const router = t.router({
  task: procedure.query(({ path }) => path),
  stream: procedure.subscription(() => words()),
  fail: procedure.query(() => {
    throw new Error("the procedure failed");
  }),
  slow: procedure.query(async () => await (await upstream("held")).text()),
});

const fetch = withBackgroundTasks((req, tasks) =>
  fetchRequestHandler({
    req,
    router,
    endpoint: "",
    createContext: () => ({ tasks }),
    onError: ({ error }) => tasks.fail(error),
  })
);
drainOnShutdown({ server: serve({ fetch, port }) });
