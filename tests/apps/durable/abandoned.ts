/** A worker that closes under a task that never ends, in a process that goes on: `OPTIONS` says where the engine is. */
import process from "node:process";
import { defineTask, enqueue } from "@postlude/background-tasks";
import { bullmq, createWorker } from "@postlude/background-tasks/bullmq";

const options = JSON.parse(process.env["OPTIONS"] ?? "{}");
const queue = bullmq({ timeout: 60_000, ...options });
let started: () => void = () => {};
const runs = new Promise<void>((resolve) => started = resolve);
const hang = defineTask("hang", { queue }, () => {
  started();
  return new Promise(() => {});
});
const worker = await createWorker({
  ...options,
  closeOnSignals: false,
  tasks: [hang],
});
await enqueue(hang);
await runs;
const { abandoned } = await worker.close({ timeout: 1 });
await queue.close();
console.log("abandoned:", ...abandoned.map((run) => run.name));
