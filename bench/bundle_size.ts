import { bundleSize } from "../tools/bundle_size.ts";
import { packageEntries } from "../tools/project.ts";
import { table } from "./tables.ts";

/**
 * The size of each entry as an application would ship it, without what comes from npm.
 *
 * @returns A table of bytes, minified, and compressed by gzip.
 */
export async function bundleSizes(): Promise<string> {
  const rows: string[][] = [];
  for (const name of packageEntries().keys()) {
    const { gzipped, minified } = await bundleSize(`export * from "${name}";`);
    rows.push([name, String(minified), String(gzipped)]);
  }
  const [main] = packageEntries().keys();
  const source = `export { backgroundTasks } from "${main}";`;
  const { gzipped, minified } = await bundleSize(source);
  rows.splice(1, 0, [
    "only backgroundTasks of it",
    String(minified),
    String(gzipped),
  ]);
  return table(["entry", "minified", "gzipped"], rows);
}

/**
 * What the main entry is made of, by the rooms of its source.
 *
 * @returns A table of bytes, minified, for `backgroundTasks` alone and for all.
 */
export async function partSizes(): Promise<string> {
  const [main] = packageEntries().keys();
  const alone = await roomsOf(`export { backgroundTasks } from "${main}";`);
  const all = await roomsOf(`export * from "${main}";`);
  const rows = [...all].toSorted(([, a], [, b]) => b - a)
    .map(([room, bytes]) => [room, alone.get(room) ?? 0, bytes].map(String));
  return table(["minified, by room", "only backgroundTasks", "all"], rows);
}

async function roomsOf(source: string): Promise<Map<string, number>> {
  const { files } = await bundleSize(source);
  const rooms = new Map<string, number>();
  for (const [path, bytes] of files) {
    const room = /^src\/(\w+)\//.exec(path)?.[1] ?? "the front doors";
    rooms.set(room, (rooms.get(room) ?? 0) + bytes);
  }
  return rooms;
}
