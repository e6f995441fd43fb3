import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { endProcesses, killProcesses } from "./processes.ts";
import { root } from "./project.ts";

/** The signals that stop a run. */
const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** The temporary folder of one test run; nothing of the run is anywhere else. */
export interface RunFolder extends AsyncDisposable {
  /** Where bundles go: modules in it find the packages of the project. */
  readonly bundles: string;
  /**
   * Makes a temporary folder for one job, for its `TMPDIR`.
   *
   * @returns Its absolute path.
   */
  jobFolder(): string;
}

/**
 * Makes the folder of a run. At its end, and at a signal that stops the run, all processes that
 * name it are ended, and it is removed.
 */
export async function runFolder(): Promise<RunFolder> {
  const path = await Deno.makeTempDir({ prefix: "postlude-" });
  await Deno.chmod(path, 0o711); // Postgres runs as another user where this one is root
  const bundles = `${path}/bundles`;
  mkdirSync(bundles);
  symlinkSync(
    fileURLToPath(new URL("node_modules", root)),
    `${bundles}/node_modules`,
    "junction",
  );
  const remove = (): void =>
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  const stop = (): never => {
    killProcesses(path);
    remove();
    console.log("\nstopped: nothing was left behind");
    Deno.exit(130);
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, stop);
  let count = 0;
  return {
    bundles,
    jobFolder() {
      const folder = `${path}/j${++count}_`;
      mkdirSync(folder);
      Deno.chmodSync(folder, 0o711);
      return folder;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await endProcesses(path, 0);
      remove();
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, stop);
    },
  };
}
