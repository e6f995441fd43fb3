/** Has more tasks than a call may have arguments, as many names as `NAMES` says, and ends in the middle. */
import { BackgroundTasks, drainOnShutdown } from "@postlude/background-tasks";
import process from "node:process";

const names = Number(process.env["NAMES"]);
drainOnShutdown({ timeout: 100, server: () => {} });
for (let request = 0; request < 2_000; request++) {
  const tasks = new BackgroundTasks();
  tasks.with({ name: "webhook" }).addTask(() => new Promise(() => {}));
  for (let task = 1; task < 100; task++) {
    const name = `mail ${(request * 100 + task) % names}`;
    tasks.with({ name }).addTask(() => {});
  }
  tasks.runAfter(new Response("ok"));
}
setInterval(() => {}, 1_000); // holds the process until the signal comes
setTimeout(() => process.kill(process.pid, "SIGTERM"), 100);
