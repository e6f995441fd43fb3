/** Express with this library's `./node`, with 1 task a request. */
import { getBackgroundTasks } from "@postlude/background-tasks";
import { backgroundTasks } from "@postlude/background-tasks/node";
import { work } from "../answer.ts";
import { listener } from "./listener.ts";

export default listener(({ req }) => {
  getBackgroundTasks(req).addTask(work, "ada@example.com");
}, backgroundTasks());
