/** Writes more at its end than a pipe holds. */
import { drainOnShutdown } from "@postlude/background-tasks";
import process from "node:process";

const page = "x".repeat(1_000_000);

drainOnShutdown({
  server: () => {
    console.log(page);
    console.error(page);
  },
});
setInterval(() => {}, 1_000); // holds the process until the signal comes
process.kill(process.pid, "SIGTERM");
