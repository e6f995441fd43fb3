/**
 * Next.js itself, in production mode. Its package is large, so it is fetched when it is needed, and
 * not a dependency.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundle } from "../../tools/bundle.ts";
import { root } from "../../tools/project.ts";

/** The packages that are fetched. */
export const NEXT = ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1"];
const ENV = { NEXT_TELEMETRY_DISABLED: "1" };

/** Next.js' command, fetched by npm; `undefined` where npm cannot. */
export function findNext(): string | undefined {
  const packages = NEXT.flatMap((name) => ["-p", name]);
  try {
    const found = execFileSync(
      "npx",
      ["-y", ...packages, "-c", "command -v next"],
      { encoding: "utf8" },
    );
    return realpathSync(found.trim());
  } catch {
    return undefined; // npm has said why
  }
}

/**
 * Makes an app, and builds it.
 *
 * @param next What {@linkcode findNext} returned.
 * @param handler The file, from the root of this project, that routes import as `handler.mjs`.
 * @param routes The source of each route handler, by the folder it stands in.
 * @returns The app's folder, which is removed when this process ends.
 */
export async function buildNext(
  next: string,
  handler: string,
  routes: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = mkdtempSync(`${tmpdir()}/postlude-next-`);
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(
    dirname(dirname(dirname(dirname(next)))),
    `${folder}/node_modules`,
  );
  const files = { handler: fileURLToPath(new URL(handler, root)) };
  await bundle({ files, folder, target: "node" });
  // the packages are behind a link that leaves the folder
  const config = 'export default { turbopack: { root: "/" } };';
  writeFileSync(`${folder}/next.config.mjs`, config);
  for (const [route, source] of Object.entries(routes)) {
    mkdirSync(`${folder}/app/${route}`, { recursive: true });
    writeFileSync(`${folder}/app/${route}/route.js`, source);
  }
  execFileSync("node", [next, "build"], {
    cwd: folder,
    env: { ...process.env, ...ENV },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return folder;
}

/** What starts an app that was built, and the environment it needs. */
export function nextStart(
  next: string,
  folder: string,
  port: number,
): { command: string[]; env: Record<string, string> } {
  const listen = ["-H", "127.0.0.1", "-p", String(port)];
  return { command: ["node", next, "start", folder, ...listen], env: ENV };
}
