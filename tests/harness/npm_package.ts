import { run } from "../../tools/command.ts";
import { pack } from "../../tools/pack.ts";
import { heavy } from "./left_out.ts";

/** Why the npm package is not installed; `undefined` where it is. */
export const noRegistry: string | undefined = heavy ??
  (await isReachable() ? undefined : "npm's registry cannot be reached");

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** The path of the npm package, a tarball; empty where it is not installed. */
export const tarball: string = noRegistry === undefined
  ? await pack(folder)
  : "";

async function isReachable(): Promise<boolean> {
  const { code } = await run(["npm", "view", "hono@4.0.0", "version"]);
  return code === 0;
}
