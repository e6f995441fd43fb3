import { root } from "./project.ts";

/** A command that has not ended after this many milliseconds hangs, and is ended. */
const TIME_LIMIT = 1_800_000;

/** How long what a command has started may hold its output open once it has ended, in milliseconds. */
const GRACE = 15_000;

/** What a command has printed, and how it ended. */
export interface CommandResult {
  /** The exit code. */
  readonly code: number;
  /** stdout and stderr, in this order, without colours. */
  readonly output: string;
}

/** Options for {@linkcode run}. */
export interface RunOptions {
  /**
   * The folder it runs in.
   *
   * @default {the root of the project}
   */
  readonly cwd?: string | URL;
  /**
   * Environment variables on top of those of this process.
   *
   * @default {{}}
   */
  readonly env?: Readonly<Record<string, string>>;
  /** Takes each line as it is printed, to stdout or stderr. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a command to its end.
 *
 * @param command The program, then its arguments.
 * @param options Its folder and environment.
 */
export async function run(
  [program = "", ...args]: string[],
  { cwd = root, env = {}, onLine = () => {} }: RunOptions = {},
): Promise<CommandResult> {
  const command = new Deno.Command(program, {
    args,
    cwd,
    env: { NO_COLOR: "1", ...env },
    signal: AbortSignal.timeout(TIME_LIMIT),
    stderr: "piped",
    stdin: "null",
    stdout: "piped",
  });
  try {
    const child = command.spawn();
    const stdout = read(child.stdout, onLine);
    const stderr = read(child.stderr, onLine);
    const { code } = await child.status;
    const output = await stdout.within(GRACE) + await stderr.within(GRACE);
    return { code, output };
  } catch (error) {
    return { code: 127, output: `Cannot start ${program}: ${error}` };
  }
}

/** What comes out of a stream. */
interface Output {
  /** All of it; what has come by then if the stream lasts longer than so many milliseconds. */
  within(milliseconds: number): Promise<string>;
}

function read(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  onLine: (line: string) => void,
): Output {
  let output = "";
  const ended = readAll();
  ended.catch(() => {}); // a stream that broke has ended
  return {
    async within(milliseconds) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, milliseconds);
      await Promise.race([ended, promise]).finally(() => clearTimeout(timer));
      return output;
    },
  };

  async function readAll(): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(onLine);
    }
    if (rest !== "") onLine(rest);
  }
}
