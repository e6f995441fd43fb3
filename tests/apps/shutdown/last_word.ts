/** Ends while an observer never gets its last word out. */
import {
  BackgroundTasks,
  drainOnShutdown,
  TaskRunner,
} from "@postlude/background-tasks";
import process from "node:process";

drainOnShutdown({ timeout: 100, server: () => {} });
const runner = new TaskRunner({
  observers: [{ onDrain: () => new Promise(() => {}) }],
});
const tasks = new BackgroundTasks({ runner });
tasks.addTask(async () => {
  const heard = new Promise<void>((resolve) =>
    process.once("SIGTERM", resolve)
  );
  process.kill(process.pid, "SIGTERM");
  await heard;
  await new Promise((resolve) => setTimeout(resolve)); // the drain has begun by then
});
tasks.runAfter(new Response("ok"));
setInterval(() => {}, 1_000); // holds the process until the signal comes
