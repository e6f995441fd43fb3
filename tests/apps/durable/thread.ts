/** What runs in a thread. */
import { taskProcessor } from "@postlude/background-tasks/bullmq";
import { flaky, logRun, spin } from "./tasks.ts";

export default taskProcessor([flaky, spin], { onTaskError: logRun });
