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

/** What the files of the main entry are there for; the others run the tasks. */
const PARTS: Readonly<Record<string, RegExp>> = {
  "the tasks themselves: order, policies, limits, front doors":
    /^src\/(?!platforms|queues|observers)/,
  "the end of a response and waitUntil, 13 platforms":
    /^src\/(platforms\/|response_end|wait_until|hand_on|turn)/,
  "shutdown: drain, signals, servers":
    /^src\/(drain|shutdown|end_process|exit|stop_server)/,
  "durable tasks: their hand-over": /^src\/(outbox|queues\/)/,
  "clear errors: options, arguments, strict mode":
    /^src\/(check|options|task_options|strict|errors)/,
  "observers and consoleObserver": /^src\/(observer)/,
};

/**
 * What the main entry is made of.
 *
 * @returns A table of bytes, minified, of each part; the last one that knows a file has it.
 */
export async function partSizes(): Promise<string> {
  const [main] = packageEntries().keys();
  const { files } = await bundleSize(`export * from "${main}";`);
  const sizes = new Map<string, number>();
  for (const [path, bytes] of files) {
    const part = Object.keys(PARTS).findLast((name) => PARTS[name]!.test(path));
    if (part !== undefined) sizes.set(part, (sizes.get(part) ?? 0) + bytes);
  }
  const rows = Object.keys(PARTS).map((name) => [name, sizes.get(name) ?? 0]);
  return table(
    ["part of the main entry", "minified"],
    rows.map((row) => row.map(String)),
  );
}
