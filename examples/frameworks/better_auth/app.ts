// PORT=8000 deno run -A examples/frameworks/better_auth/app.ts          (or: bun, node)
import {
  drainOnShutdown,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { currentBackgroundTasks } from "@postlude/background-tasks/context";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { createAuthMiddleware } from "better-auth/api";
import { serve } from "srvx";
import { addEmail, port, upstream } from "../work.ts";

const auth = betterAuth({
  baseURL: `http://127.0.0.1:${port}`,
  secret: "a secret of at least thirty-two characters",
  database: memoryAdapter({
    user: [],
    session: [],
    account: [],
    verification: [],
  }),
  emailAndPassword: { enabled: true },
  emailVerification: {
    sendOnSignUp: true,
    sendVerificationEmail({ user }) {
      addEmail(currentBackgroundTasks(), user.name);
      return Promise.resolve();
    },
  },
  hooks: {
    after: createAuthMiddleware(async ({ body }) => {
      if (body.name === "fail") throw new Error("the hook failed");
      if (body.name === "slow") await upstream("held");
    }),
  },
  onAPIError: { onError: (error) => currentBackgroundTasks().fail(error) },
});

const fetch = withBackgroundTasks((request: Request) => auth.handler(request));
drainOnShutdown({ server: serve({ fetch, port }) });
