// PORT=8000 deno run -A examples/frameworks/yoga/app.ts          (or: bun, node)
import {
  drainOnShutdown,
  getBackgroundTasks,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import {
  createSchema,
  createYoga,
  type YogaInitialContext,
} from "graphql-yoga";
import { serve } from "srvx";
import { addEmail, port, upstream, words } from "../work.ts";

const schema = createSchema<YogaInitialContext>({
  typeDefs: `
    type Query { task: String, fail: String, slow: String }
    type Subscription { stream: String }
  `,
  resolvers: {
    Query: {
      task(_, _args, { request }) {
        addEmail(getBackgroundTasks(request), "task");
        return "sent";
      },
      fail(_, _args, { request }) {
        addEmail(getBackgroundTasks(request), "fail");
        throw new Error("the resolver failed");
      },
      async slow(_, _args, { request }) {
        addEmail(getBackgroundTasks(request), "slow");
        return await (await upstream("held")).text();
      },
    },
    Subscription: {
      stream: {
        subscribe(_, _args, { request }) {
          addEmail(getBackgroundTasks(request), "stream");
          return words();
        },
        resolve: (word: string) => word,
      },
    },
  },
});

const yoga = createYoga({
  schema,
  logging: false,
  plugins: [{
    onResultProcess({ request, result }) {
      const [error] = "errors" in result ? result.errors ?? [] : [];
      if (error !== undefined) getBackgroundTasks(request).fail(error);
    },
  }],
});

drainOnShutdown({ server: serve({ fetch: withBackgroundTasks(yoga), port }) });
