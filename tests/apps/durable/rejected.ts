/** A worker that cannot start, in a process that goes on without it: `OPTIONS` says where it is. */
import process from "node:process";
import { createWorker } from "@postlude/background-tasks/bullmq";

try {
  await createWorker({
    ...JSON.parse(process.env["OPTIONS"] ?? "{}"),
    tasks: [],
  });
  console.log("it runs");
} catch (error) {
  console.log("rejected:", (error as Error).message);
}
