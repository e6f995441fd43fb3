/** Ends while a slow error tracker is being told. */
import { BackgroundTasks, drainOnShutdown } from "@postlude/background-tasks";
import process from "node:process";

drainOnShutdown({ timeout: 100, server: () => {} });
const tasks = new BackgroundTasks({
  onTaskError: () => {
    process.kill(process.pid, "SIGTERM");
    return new Promise(() => {});
  },
});
tasks.with({ name: "charge" }).addTask(() => {
  throw new Error("payment lost");
});
tasks.runAfter(new Response("ok"));
setInterval(() => {}, 1_000); // holds the process until the signal comes
