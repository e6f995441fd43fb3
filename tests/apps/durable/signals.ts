/**
 * Workers, and a background task in their process, at a signal. The variables say which there are:
 * `IDLE` (a second worker, without work), `DRAIN` (`drainOnShutdown` with that timeout), `TASK` (a
 * background task that takes so many milliseconds), `CLOSED` (the worker was closed before), `LATE`
 * (the worker starts when the process is ending already).
 */
import process from "node:process";
import { BackgroundTasks, drainOnShutdown } from "@postlude/background-tasks";
import { createWorker } from "@postlude/background-tasks/bullmq";
import { connection, tasks } from "./tasks.ts";

const { CLOSED, CLOSE_TIMEOUT = "20000", DRAIN, IDLE, LATE, TASK } =
  process.env;
const options = {
  ...connection,
  tasks: [tasks.work],
  closeTimeout: Number(CLOSE_TIMEOUT),
};

if (IDLE !== undefined) await createWorker({ ...options, queueName: "idle" });
if (LATE !== undefined) {
  drainOnShutdown({ server: () => createWorker(options) });
} else {
  if (DRAIN !== undefined) drainOnShutdown({ timeout: Number(DRAIN) });
  const worker = await createWorker(options);
  if (CLOSED !== undefined) await worker.close();
}
if (TASK !== undefined) {
  const inProcess = new BackgroundTasks();
  inProcess.addTask(async () => {
    await new Promise((resolve) => setTimeout(resolve, Number(TASK)));
    console.log("background task ends");
  });
  inProcess.runAfter(new Response("ok"));
}
console.log("ready");
