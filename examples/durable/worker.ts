// deno run -A examples/durable/worker.ts          (or: bun examples/durable/worker.ts)
import { createWorker } from "@postlude/background-tasks/bullmq";
import { connection, sendEmail } from "./tasks.ts";

await createWorker({ ...connection, tasks: [sendEmail] });
console.log("The worker waits for tasks");
