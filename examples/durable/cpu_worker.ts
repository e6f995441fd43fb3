// deno run -A examples/durable/cpu_worker.ts
import { createWorker } from "@postlude/background-tasks/bullmq";
import { connection } from "./tasks.ts";

await createWorker({
  ...connection,
  queueName: "cpu",
  file: new URL("./cpu.ts", import.meta.url),
  concurrency: 2, // threads
});
console.log("The worker waits for tasks that burn CPU");
