import { Hono } from "hono";
import { ANSWER, tasksRun } from "../answer.ts";
import { burn } from "../burn.ts";

const app = new Hono();
app.use(async function noop(_c, next) {
  await next();
});
app.get("/", (c) => {
  burn(2);
  return c.json(ANSWER);
});
app.get("/ran", (c) => c.json(tasksRun()));
export default app;
