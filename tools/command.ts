import { root } from "./project.ts";

/** A command that has not ended after this many milliseconds hangs, and is ended. */
const TIME_LIMIT = 600_000;

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
}

/**
 * Runs a command to its end.
 *
 * @param command The program, then its arguments.
 * @param options Its folder and environment.
 */
export async function run(
  [program = "", ...args]: string[],
  { cwd = root, env = {} }: RunOptions = {},
): Promise<CommandResult> {
  const command = new Deno.Command(program, {
    args,
    cwd,
    env: { NO_COLOR: "1", ...env },
    signal: AbortSignal.timeout(TIME_LIMIT),
    stdin: "null",
  });
  try {
    const { code, stderr, stdout } = await command.output();
    const decoder = new TextDecoder();
    return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
  } catch (error) {
    return { code: 127, output: `Cannot start ${program}: ${error}` };
  }
}
