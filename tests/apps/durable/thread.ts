/** What runs in a thread. */
import { taskProcessor } from "@postlude/background-tasks/bullmq";
import { spin } from "./tasks.ts";

export default taskProcessor([spin]);
