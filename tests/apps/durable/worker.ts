/** The worker of the tests; with `HOOK`, it logs what is given up, and prints each attempt. */
import process from "node:process";
import { createWorker } from "@postlude/background-tasks/bullmq";
import { connection, tasks } from "./tasks.ts";

const { flaky, held, logRun, slow, spin, work } = tasks;

await createWorker({
  ...connection,
  tasks: [flaky, held, slow, spin, work],
  lockDuration: Number(process.env["LOCK"] ?? 30_000),
  crashRetries: Number(process.env["CRASH_RETRIES"] ?? 3),
  ...(process.env["HOOK"] !== undefined && {
    onTaskError: logRun,
    observers: [{
      onEnd: ({ name, attempt, status }): void =>
        console.log(`${name} ${attempt} ${status}`),
    }],
  }),
  closeTimeout: Number(process.env["CLOSE_TIMEOUT"] ?? 9_000),
});
console.log("ready");
