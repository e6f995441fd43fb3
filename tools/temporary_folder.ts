import { fileURLToPath } from "node:url";
import { root } from "./project.ts";
import { onStop } from "./stop.ts";

/** A folder that is removed at the end of its scope, and when a signal ends this process. */
export interface TemporaryFolder extends AsyncDisposable {
  /** Its absolute path. */
  readonly path: string;
}

/** Makes a temporary folder in which modules find the packages of this project. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await Deno.makeTempDir({ prefix: "postlude-" });
  await Deno.symlink(
    fileURLToPath(new URL("node_modules", root)),
    `${path}/node_modules`,
    { type: "junction" },
  );
  const forget = onStop(() => Deno.removeSync(path, { recursive: true }));
  return {
    path,
    async [Symbol.asyncDispose](): Promise<void> {
      forget();
      await Deno.remove(path, { recursive: true });
    },
  };
}
