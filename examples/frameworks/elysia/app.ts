import {
  getBackgroundTasks,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { Elysia } from "elysia";
import { answer } from "../work.ts";

const app = new Elysia();
app.onError(({ request, error }) => getBackgroundTasks(request).fail(error));

app.get(
  "/:page",
  ({ request }) => answer(request, getBackgroundTasks(request)),
);

export default { fetch: withBackgroundTasks(app) };
