/** What people write by hand: `setImmediate`, and `waitUntil` on Workers. */
import { Hono } from "hono";
import { ANSWER, tasksRun, work } from "../answer.ts";

const isWorkers = globalThis.navigator?.userAgent === "Cloudflare-Workers";

const app = new Hono();
app.use(async function noop(_c, next) {
  await next();
});
app.get("/", (c) => {
  if (isWorkers) c.executionCtx.waitUntil(work("ada@example.com"));
  else setImmediate(() => work("ada@example.com"));
  return c.json(ANSWER);
});
app.get("/ran", (c) => c.json(tasksRun()));
export default app;
