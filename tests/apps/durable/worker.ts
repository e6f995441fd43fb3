/** The worker of the tests. */
import process from "node:process";
import { createWorker } from "@postlude/background-tasks/bullmq";
import { connection, flaky, slow, spin, work } from "./tasks.ts";

await createWorker({
  ...connection,
  tasks: [flaky, slow, spin, work],
  lockDuration: Number(process.env["LOCK"] ?? 30_000),
  closeTimeout: Number(process.env["CLOSE_TIMEOUT"] ?? 9_000),
});
console.log("ready");
