import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import process from "node:process";
import { bundle } from "../../tools/bundle.ts";
import { bundlesFolder } from "./bundles_folder.ts";

let count = 0;

/**
 * Bundles a file once in a run of the tests, however many processes run it.
 *
 * @param path The file.
 * @param target What runs it.
 * @returns The path of the bundle.
 */
export async function bundleOnce(
  path: string,
  target: "node" | "workerd",
): Promise<string> {
  const folder = bundlesFolder();
  const hash = createHash("sha256").update(path).digest("hex").slice(0, 16);
  const bundled = `${folder}/${target}_${hash}.mjs`;
  if (existsSync(bundled)) return bundled;
  const draft = `${target}_${hash}_${process.pid}_${++count}`;
  await bundle({ files: { [draft]: path }, folder, target });
  await rename(`${folder}/${draft}.mjs`, bundled); // whole, or not there
  return bundled;
}
