import { run } from "../../tools/command.ts";
import { pack } from "../../tools/pack.ts";

/** Why the npm package cannot be installed here; `undefined` where it can. */
export const noRegistry: string | undefined = await isReachable()
  ? undefined
  : "npm's registry cannot be reached";

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** The path of the npm package, a tarball. */
export const tarball: string = await pack(folder);

async function isReachable(): Promise<boolean> {
  const { code } = await run(["npm", "view", "hono@4.0.0", "version"]);
  return code === 0;
}
