/** The worker of the tests that burn CPU: `FILE` is the module of the threads. */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { createWorker } from "@postlude/background-tasks/bullmq";
import { connection } from "./tasks.ts";

await createWorker({
  ...connection,
  file: pathToFileURL(process.env["FILE"] ?? ""),
  lockDuration: 1_000,
});
console.log("ready");
