/** What runs in a thread. */
import { taskProcessor } from "@postlude/background-tasks/bullmq";
import { tasks } from "./tasks.ts";

const { die, flaky, logRun, spin } = tasks;

export default taskProcessor([die, flaky, spin], { onTaskError: logRun });
