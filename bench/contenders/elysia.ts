/** Elysia, and nothing else. */
import { Elysia } from "elysia";
import { ANSWER, tasksRun } from "../answer.ts";

export default new Elysia()
  .get("/", () => ANSWER)
  .get("/ran", () => tasksRun());
