/** h3, and nothing else. */
import { H3 } from "h3";
import { ANSWER, tasksRun } from "../answer.ts";

const app = new H3();
app.get("/", () => ANSWER);
app.get("/ran", () => tasksRun());
export default app;
