import { fileURLToPath } from "node:url";

/** What a load generator measured, latencies in milliseconds. */
export interface Load {
  readonly requests: number;
  readonly seconds: number;
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** What to send. */
export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** How long a connection rests after an answer, in milliseconds, on average: not at all. */
  readonly pause?: number | undefined;
}

/** The load generator: `wrk`, the Debian package, or where there is none a client of our own. */
export const GENERATOR: "wrk" | "own client" = await hasWrk()
  ? "wrk"
  : "own client";

/**
 * Sends `GET /` over connections that are kept alive, each as soon as the last one is answered and
 * it has rested, from another process.
 *
 * @param options What to send.
 * @returns What was measured.
 */
export async function load(options: LoadOptions): Promise<Load> {
  const [program = "", ...args] = GENERATOR === "wrk"
    ? wrk(options)
    : ownClient(options);
  const env = { PAUSE: String(options.pause ?? 0) };
  const child = new Deno.Command(program, {
    args,
    env,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // wrk counts in whole seconds, and tells what it measured when it is interrupted, too
  const interrupt = GENERATOR === "wrk" && !Number.isInteger(options.seconds)
    ? setTimeout(() => child.kill("SIGINT"), options.seconds * 1_000)
    : undefined;
  const { stdout, stderr } = await child.output();
  clearTimeout(interrupt);
  const line = new TextDecoder().decode(stdout).split("\n").find((line) =>
    line.startsWith("{")
  );
  if (line === undefined) {
    throw new Error(`Cannot load: ${new TextDecoder().decode(stderr)}`);
  }
  return JSON.parse(line);
}

function wrk({ port, connections, seconds }: LoadOptions): string[] {
  const script = fileURLToPath(new URL("report.lua", import.meta.url));
  const options = [
    "-t1",
    `-c${connections}`,
    `-d${Math.ceil(seconds)}s`,
    "-s",
    script,
  ];
  return ["wrk", ...options, `http://127.0.0.1:${port}/`];
}

function ownClient(
  { port, connections, seconds, pause = 0 }: LoadOptions,
): string[] {
  const client = fileURLToPath(new URL("client.ts", import.meta.url));
  const options = [port, connections, seconds, pause].map(String);
  return [Deno.execPath(), "run", "-A", "--quiet", client, ...options];
}

async function hasWrk(): Promise<boolean> {
  try {
    await new Deno.Command("wrk", { args: ["-v"] }).output();
    return true;
  } catch {
    return false;
  }
}
