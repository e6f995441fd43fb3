/** Has two copies of the package: the tasks are of one, in the file of the variable `COPY`. */
import { drainOnShutdown } from "@postlude/background-tasks";
import process from "node:process";
import { pathToFileURL } from "node:url";

const copy: typeof import("@postlude/background-tasks") = await import(
  pathToFileURL(process.env["COPY"] ?? "").href
);

const tasks = new copy.BackgroundTasks();
let stop = (): void => {};
const stopped = new Promise<void>((resolve) => stop = resolve);
tasks.addTask(async () => {
  await stopped;
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  console.log("the task of the other copy has ended");
});
tasks.runAfter(new Response("ok"));

drainOnShutdown({ server: stop });
setInterval(() => {}, 1_000); // holds the process until the signal comes
process.kill(process.pid, "SIGTERM");
