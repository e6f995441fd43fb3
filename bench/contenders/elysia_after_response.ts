/** Elysia with its `onAfterResponse`. */
import { Elysia } from "elysia";
import { ANSWER, tasksRun, work } from "../answer.ts";

export default new Elysia()
  .get("/ran", () => tasksRun())
  .get("/", () => ANSWER, { afterResponse: () => work("ada@example.com") });
