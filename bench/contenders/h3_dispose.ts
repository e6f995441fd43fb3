/** h3 with its `onDispose`. */
import { H3, onDispose } from "h3";
import { ANSWER, tasksRun, work } from "../answer.ts";

const app = new H3();
app.get("/", (event) => {
  onDispose(event, () => work("ada@example.com"));
  return ANSWER;
});
app.get("/ran", () => tasksRun());
export default app;
