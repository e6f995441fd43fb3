/** Hono with a middleware that does nothing: what the others are measured against. */
import { Hono } from "hono";
import { ANSWER, tasksRun } from "../answer.ts";

const app = new Hono();
app.use(async function noop(_c, next) {
  await next();
});
app.get("/", (c) => c.json(ANSWER));
app.get("/ran", (c) => c.json(tasksRun()));
export default app;
