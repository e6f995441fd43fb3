/** What runs in a thread. */
import { taskProcessor } from "@postlude/background-tasks/bullmq";
import { tasks } from "./tasks.ts";

const { flaky, logRun, spin } = tasks;

export default taskProcessor([flaky, spin], { onTaskError: logRun });
