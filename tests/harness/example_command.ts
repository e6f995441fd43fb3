import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import process from "node:process";
import { root } from "../../tools/project.ts";
import { runnable } from "./run_script.ts";
import { runtime } from "./runtime.ts";

/**
 * The command that an example starts with, or the one behind "or:", for the runtime under test.
 * Node 20 runs no TypeScript, so there the example is bundled.
 *
 * @param path The example, from the root of the project.
 * @param port Where `deno serve` is to listen; the others take it from their environment.
 */
export async function exampleCommand(
  path: string,
  port: number,
): Promise<string[]> {
  const [line = ""] = readFileSync(new URL(path, root), "utf8").split("\n");
  const command = line.match(/(?:bun|deno|node) [^,()]*?(?= {2}|[,)]|$)/g)
    ?.find((command) => command.startsWith(runtime)) ?? "";
  const [program, ...args] = command.split(" ");
  assertEquals([program, args.at(-1)], [runtime, path]);
  if (args[0] === "serve") args.splice(1, 0, "--port", String(port));
  const options = args.slice(0, -1);
  return [process.execPath, ...options, await runnable(path)];
}
