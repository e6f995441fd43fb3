/**
 * A page that shows the background tasks of this process, live: for each request when its handler
 * returned, when its response ended, and what became of each task after it.
 *
 * Choose it to see that a response does not wait, to find the task that is slow, or the one that
 * fails. It is for development; what is kept is the latest, in the memory of this process. Needs
 * `hono`.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { backgroundTasks, type BackgroundTasksEnv } from "@postlude/background-tasks";
 * import { devtools } from "@postlude/background-tasks/devtools";
 *
 * const app = new Hono<BackgroundTasksEnv>();
 * app.use(backgroundTasks());
 * app.route("/_tasks", devtools());
 *
 * export default app; // open http://localhost:8000/_tasks
 * ```
 *
 * @module
 */

import { type Context, Hono } from "hono";
import { checkOptions, type Rules, SWITCH } from "../check/rules.ts";
import { processWatchers } from "../runner/watchers.ts";
import { isLocalDevelopment } from "./access.ts";
import { filterOf } from "./filter.ts";
import { Journal } from "./journal.ts";
import { live } from "./live.tsx";
import { Page } from "./page.tsx";

/** Options of {@linkcode devtools}. */
export interface DevtoolsOptions {
  /**
   * Whether to serve the page to a request: `(c) => isAdmin(c)`. Whoever sees it sees the names of
   * tasks, the paths of requests, and errors with their stacks.
   *
   * @default {on this very machine, and not where `NODE_ENV` is `production`, or cannot be read}
   */
  readonly allow?: (context: Context) => boolean | Promise<boolean>;
  /**
   * Shows what tasks are called with, shortened. They may be secrets, and personal data.
   *
   * @default {false}
   */
  readonly showArguments?: boolean;
}

const RULES: Rules = {
  allow: ["function", "write (c) => isAdmin(c)"],
  showArguments: SWITCH,
};

/**
 * Makes a Hono app with a page that shows the background tasks of this process. It shows the tasks
 * of every runner, from the call on.
 *
 * The page answers 403 unless `allow` returns `true`. Without `allow` a request must fulfil all of
 * these:
 *
 * - it comes from this machine, and the runtime tells so. Workers do not tell;
 * - it asks for `localhost` or a loopback address;
 * - it has no header that proxies add, such as `x-forwarded-…`;
 * - `NODE_ENV` can be read, which Deno does with a permission only, and is not `production`.
 *
 * In production write `allow`, or do not mount the page: a proxy on this machine that asks for
 * `localhost` and adds no header, as nginx does by default, cannot be told from a developer.
 *
 * The page keeps the latest 500 tasks, 100 of one request, as text. It keeps no object of the app
 * alive.
 *
 * @example Show the page to an administrator
 * ```ts
 * import { Hono } from "hono";
 * import { devtools } from "@postlude/background-tasks/devtools";
 * import { assertEquals } from "@std/assert";
 *
 * const app = new Hono();
 * app.route("/_tasks", devtools({ allow: (c) => c.req.header("x-user") === "ada" }));
 *
 * assertEquals((await app.request("/_tasks")).status, 403);
 * const page = await app.request("/_tasks", { headers: { "x-user": "ada" } });
 * assertEquals(page.status, 200);
 * ```
 *
 * @param options Who may see it, and what.
 * @returns The app, for `app.route("/_tasks", devtools())`.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 */
export function devtools(options: DevtoolsOptions = {}): Hono {
  if ((options as { req?: unknown } | null)?.req !== undefined) {
    throw new TypeError(
      'Cannot use a context as options: write app.route("/_tasks", devtools())',
    );
  }
  checkOptions("devtools option", options, RULES);
  const { allow = isLocalDevelopment, showArguments = false } = options;
  const journal = new Journal(showArguments);
  processWatchers.add(journal);
  let epoch: string | undefined; // random, and so not made at module scope on Workers
  const app = new Hono();
  app.use(async (c, next) => {
    if (await allow(c) !== true) return c.text(REFUSAL, 403);
    await next();
    c.header("cache-control", "no-store");
    c.header("x-content-type-options", "nosniff");
    c.header("referrer-policy", "no-referrer");
  });
  app.get("/*", (c, next) => {
    const { path, routePath } = c.req;
    // the page is at `/_tasks` and at `/_tasks/`, which Hono tells apart
    const depth = path.replace(/\/?$/, "/").split("/").length;
    if (depth !== routePath.split("/").length) return next();
    const nonce = crypto.randomUUID();
    c.header("content-security-policy", contentSecurityPolicy(nonce));
    const page = Page({ journal, filter: filterOf(c.req.query()), nonce });
    return c.html(`<!doctype html>${page}`);
  });
  app.get("/live", (c) => {
    epoch ??= crypto.randomUUID();
    return live(c, journal, filterOf(c.req.query()), epoch);
  });
  return app;
}

const REFUSAL =
  "Cannot show the background tasks: only a local development server does, asked for as localhost " +
  "from the same machine; write devtools({ allow: (c) => … }), or run Deno with " +
  "--allow-env=NODE_ENV\n";

/** Nothing from elsewhere, and of this page only what carries its nonce. */
function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src data:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
  ].join("; ");
}
