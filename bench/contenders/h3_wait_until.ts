/** h3 with its `waitUntil`: the task starts before the response. */
import { H3 } from "h3";
import { ANSWER, tasksRun, work } from "../answer.ts";

const app = new H3();
app.get("/", (event) => {
  event.waitUntil(work("ada@example.com"));
  return ANSWER;
});
app.get("/ran", () => tasksRun());
export default app;
