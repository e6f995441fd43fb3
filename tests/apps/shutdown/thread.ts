/** Drains on shutdown in a thread of `node:worker_threads`, then in a web worker where there are some. */
import { drainOnShutdown } from "@postlude/background-tasks";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { isMainThread, Worker as Thread } from "node:worker_threads";

/** Both kinds of worker, as far as they are used here. */
type WorkerClass = new (url: URL, options: { type: "module" }) => unknown;

if (isMainThread && !("WorkerGlobalScope" in globalThis)) {
  const { Worker } = globalThis as { Worker?: WorkerClass };
  const file = pathToFileURL(process.argv[1] ?? ""); // a bundle too
  const classes = new Set([Thread as unknown as WorkerClass, Worker ?? Thread]);
  for (const Class of classes) {
    new (Class as WorkerClass)(file, { type: "module" });
  }
} else {
  try {
    drainOnShutdown();
    console.log("listens");
  } catch (error) {
    console.log(String(error));
  }
  if ("close" in globalThis) close(); // a web worker holds its process
  else process.exit();
}
