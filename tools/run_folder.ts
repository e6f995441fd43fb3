import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { endProcesses, killProcesses } from "./processes.ts";
import { root } from "./project.ts";
import { onStop } from "./stop.ts";

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
 * Makes the folder of a run. At its end, and when a signal ends this process, all processes that
 * name it are ended, and it is removed.
 */
export async function runFolder(): Promise<RunFolder> {
  const path = await Deno.makeTempDir({ prefix: "postlude-" });
  await Deno.chmod(path, 0o711); // Postgres runs as another user where this one is root
  const bundles = `${path}/bundles`;
  mkdirSync(bundles);
  const packages = fileURLToPath(new URL("node_modules", root));
  symlinkSync(packages, `${bundles}/node_modules`, "junction");
  const remove = (): void =>
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  const forget = onStop(() => {
    killProcesses(path);
    remove();
    console.log("\nstopped: no process and no folder is left");
  });
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
      forget();
    },
  };
}
