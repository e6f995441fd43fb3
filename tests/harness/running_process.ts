import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { root } from "../../tools/project.ts";
import { LineReader } from "./line_reader.ts";
import { atEnd } from "./at_end.ts";
import { runtime } from "./runtime.ts";

/** How a process ended. */
export interface Exit {
  /** The exit code; `null` when a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it, if one did. */
  readonly signal: string | null;
}

/** How long {@linkcode RunningProcess.stop} is patient, in milliseconds. */
const GRACE = 20_000;

/** A process that a test started, in the root of the project. */
export class RunningProcess implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #stdout: LineReader;
  readonly #forget = atEnd(() => this.kill("SIGKILL"));
  #stderr = "";

  /** Settles when it has ended and all it printed has been read. */
  readonly exited: Promise<Exit>;

  /**
   * Starts it.
   *
   * @param command The program, then its arguments.
   * @param env Environment variables on top of those of this process.
   */
  constructor(
    [program = "", ...args]: string[],
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#child = spawn(program, args, {
      cwd: fileURLToPath(root),
      detached: runtime === "workerd", // else Deno ends it at its own end, before it has stopped workerd
      env: { ...process.env, ...env },
    });
    this.#stdout = new LineReader(this.#child.stdout);
    this.#child.stderr.setEncoding("utf8").on(
      "data",
      (text: string) => this.#stderr += text,
    );
    this.#child.once("error", (error) => this.#stderr += error.stack);
    this.exited = new Promise((resolve) => {
      this.#child.once(
        "close",
        (code, signal) => resolve(this.#ended({ code, signal })),
      );
    });
  }

  /** The process id. */
  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** What it has printed to stdout so far, line by line; a test may empty it. */
  get lines(): string[] {
    return this.#stdout.lines;
  }

  /** What it has printed to stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Waits for a line on stdout that contains `match`, or for which it returns `true`; an earlier line counts. */
  line(match: string | ((line: string) => boolean)): Promise<string> {
    return this.#stdout.line(match);
  }

  /** Sends a signal. What starts workerd stops it on SIGTERM only, so there every signal is one. */
  kill(signal: NodeJS.Signals): void {
    try {
      // not #child.kill(), after which Deno reports that signal, however the process ends
      process.kill(this.pid, runtime === "workerd" ? "SIGTERM" : signal);
    } catch {
      // it has ended
    }
  }

  /** Ends it: with SIGTERM, and twenty seconds later with SIGKILL. */
  async stop(): Promise<Exit> {
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), GRACE);
    return await this.exited.finally(() => clearTimeout(timer));
  }

  /** Same as {@linkcode stop}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #ended(exit: Exit): Exit {
    this.#forget();
    this.#stdout.close(
      `the process ended with ${exit.signal ?? exit.code}\n${this.#stderr}`,
    );
    return exit;
  }
}
