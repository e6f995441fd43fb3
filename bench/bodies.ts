import { fileURLToPath } from "node:url";
import type { BenchRuntime, Contender } from "./contenders.ts";
import { start } from "./running_contender.ts";
import { type Spread, spread } from "./statistics.ts";

/** What to read. */
export interface BodyOptions {
  readonly runtime: BenchRuntime;
  readonly folder: string;
  /** The path of the body; `/task` behind it adds a task. The last one is fetched from a server. */
  readonly path: "/64mb" | "/64mb-stream" | "/1mb" | "/64mb-passed-on";
  /** How fast the client reads; as fast as it can where it is absent. */
  readonly bytesPerSecond?: number;
  readonly rounds: number;
  /** The option of that name. */
  readonly exactEnd?: boolean;
}

/** How long it takes to the last byte. */
export interface BodyTimes {
  /** The time without a task as a part of the time with one, of each pair. */
  readonly ratio: Spread;
  /** Milliseconds. */
  readonly without: number;
  /** Milliseconds. */
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
 * Reads a body with and without a task, in pairs, and takes the time to the last byte. The one that
 * is read first changes from pair to pair.
 *
 * @param options What to read.
 */
export async function timeBodies(options: BodyOptions): Promise<BodyTimes> {
  const { runtime, folder, rounds, exactEnd = false } = options;
  const env = { EXACT_END: exactEnd ? "1" : "0" };
  await using server = await start(BODIES, runtime, folder, env);
  await using upstream = await start(BODIES, "deno", folder);
  const path = options.path === "/64mb-passed-on"
    ? `${options.path}/${upstream.port}`
    : options.path;
  const speed = options.bytesPerSecond === undefined
    ? []
    : [String(options.bytesPerSecond)];
  const bare = (): Promise<number> => read(server.port, path, speed);
  const task = (): Promise<number> => read(server.port, `${path}/task`, speed);
  const pairs: { without: number; withTask: number }[] = [];
  await bare();
  await task();
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      pairs.push({ without: await bare(), withTask: await task() });
    } else pairs.push({ withTask: await task(), without: await bare() });
  }
  return {
    ratio: spread(pairs.map(({ without, withTask }) => without / withTask)),
    without: spread(pairs.map(({ without }) => without)).median,
    withTask: spread(pairs.map(({ withTask }) => withTask)).median,
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
