import { fileURLToPath } from "node:url";
import type { BenchRuntime, Contender } from "./contenders.ts";
import { start } from "./running_contender.ts";
import { spread } from "./statistics.ts";

/** What to read. */
export interface BodyOptions {
  readonly runtime: BenchRuntime;
  readonly folder: string;
  /** The path of the body; `/task` behind it adds a task. */
  readonly path: "/64mb" | "/1mb";
  /** How fast the client reads; as fast as it can where it is absent. */
  readonly bytesPerSecond?: number;
  readonly rounds: number;
  /** The option of that name. */
  readonly exactEnd?: boolean;
}

/** Milliseconds to the last byte. */
export interface BodyTimes {
  readonly without: number;
  readonly withTask: number;
}

const BODIES: Contender = {
  name: "bodies",
  file: "bodies.ts",
  base: "bodies",
  tasks: 0,
  runtimes: ["deno", "bun", "node", "workerd"],
};

/**
 * Reads a body with and without a task, in turn, and takes the time to the last byte.
 *
 * @param options What to read.
 */
export async function timeBodies(options: BodyOptions): Promise<BodyTimes> {
  const { runtime, folder, path, rounds, exactEnd = false } = options;
  const env = { EXACT_END: exactEnd ? "1" : "0" };
  await using server = await start(BODIES, runtime, folder, env);
  const speed = options.bytesPerSecond === undefined
    ? []
    : [String(options.bytesPerSecond)];
  const without: number[] = [];
  const withTask: number[] = [];
  await read(server.port, path, speed);
  for (let round = 0; round < rounds; round++) {
    without.push(await read(server.port, path, speed));
    withTask.push(await read(server.port, `${path}/task`, speed));
  }
  return {
    without: spread(without).median,
    withTask: spread(withTask).median,
  };
}

async function read(
  port: number,
  path: string,
  speed: readonly string[],
): Promise<number> {
  const client = fileURLToPath(new URL("body_client.ts", import.meta.url));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", client, String(port), path, ...speed],
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  return Number(text);
}
