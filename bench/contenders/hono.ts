/** Hono, and nothing else. */
import { Hono } from "hono";
import { ANSWER, tasksRun } from "../answer.ts";

const app = new Hono();
app.get("/", (c) => c.json(ANSWER));
app.get("/ran", (c) => c.json(tasksRun()));
export default app;
