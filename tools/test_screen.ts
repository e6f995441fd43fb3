import type { RuntimeName } from "../tests/harness/runtime.ts";
import type { TestLine } from "./test_report.ts";
import type { TestCount } from "./test_run.ts";
import { clockTime, seconds } from "./test_summary.ts";

/** Where lines go: a terminal has a last line that can be written over. */
export interface Terminal {
  /** Writes text as it is. */
  write(text: string): void;
  /** How many columns it has; `undefined` for a file or a pipe. */
  readonly columns: number | undefined;
}

/** A job as it is shown. */
export interface ShownJob {
  /** On which runtime. */
  readonly runtime: RuntimeName;
  /** Its files. */
  readonly files: readonly string[];
}

/** Shows a test run as it goes: a line that moves in a terminal, plain lines elsewhere. */
export class TestScreen {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  readonly #start: number;
  readonly #waiting: Set<ShownJob>;
  readonly #running = new Set<ShownJob>();
  #passed = 0;
  #failed = 0;

  /**
   * Starts the clock.
   *
   * @param jobs All jobs of the run.
   * @param terminal Where to.
   * @param now Tells the time, in milliseconds.
   */
  constructor(
    jobs: readonly ShownJob[],
    terminal: Terminal = standardOutput(),
    now: () => number = () => performance.now(),
  ) {
    this.#terminal = terminal;
    this.#now = now;
    this.#start = now();
    this.#waiting = new Set(jobs);
  }

  /** How long the run takes so far, in milliseconds. */
  get elapsed(): number {
    return this.#now() - this.#start;
  }

  /** A job starts. */
  begin(job: ShownJob): void {
    this.#waiting.delete(job);
    this.#running.add(job);
    this.#move();
  }

  /** A test has ended. A failure is shown at once, and stays. */
  test({ runtime }: ShownJob, { milliseconds, name, passed }: TestLine): void {
    if (passed) this.#passed++;
    else this.#failed++;
    const word = passed ? "ok    " : "FAILED";
    if (!passed || this.#terminal.columns === undefined) {
      const time = `${seconds(milliseconds)} s`;
      this.print(
        `${this.#time()} ${runtime.padEnd(7)} ${word} ${name} (${time})`,
      );
    } else this.#move();
  }

  /** A job has ended; what it printed is shown where one of its tests failed. */
  end(job: ShownJob, { failed, output, passed }: TestCount): void {
    this.#running.delete(job);
    if (failed > 0) this.print(output);
    if (failed > 0 || this.#terminal.columns === undefined) {
      const { files: { length }, runtime } = job;
      const files = length === 1 ? job.files[0] : `${length} files`;
      const result = `${passed} passed, ${failed} failed`;
      this.print(
        `${this.#time()} ${
          runtime.padEnd(7)
        } ${files}: ${result}; ${this.#left()}`,
      );
    } else this.#move();
  }

  /** Shows a line that stays. */
  print(text: string): void {
    this.#clear();
    this.#terminal.write(`${text}\n`);
    this.#move();
  }

  /** Shows the time again. */
  tick(): void {
    this.#move();
  }

  /** Takes the moving line away. */
  close(): void {
    this.#clear();
  }

  #clear(): void {
    if (this.#terminal.columns !== undefined) this.#terminal.write("\r\x1b[2K");
  }

  #move(): void {
    const { columns } = this.#terminal;
    if (columns === undefined) return;
    const now = [...this.#running].map(({ files: [file], runtime }) =>
      `${runtime} ${
        file?.split("/").at(-1)?.replace(/(_process)?_test\.ts$/, "")
      }`
    );
    const text =
      `${this.#time()} ${this.#passed} passed, ${this.#failed} failed; ${this.#left()}; now ${
        now.join(", ")
      }`;
    this.#terminal.write(`\r\x1b[2K${text.slice(0, columns - 1)}`);
  }

  #time(): string {
    return `[${clockTime(this.elapsed).padStart(5)}]`;
  }

  /** What is left: files that wait or run, by runtime. */
  #left(): string {
    const counts = new Map<RuntimeName, number>();
    for (const { files, runtime } of [...this.#running, ...this.#waiting]) {
      counts.set(runtime, (counts.get(runtime) ?? 0) + files.length);
    }
    const left = [...counts].map(([runtime, count]) => `${runtime} ${count}`);
    return left.length === 0
      ? "no file left"
      : `files left: ${left.join(", ")}`;
  }
}

function standardOutput(): Terminal {
  const encoder = new TextEncoder();
  const isTerminal = Deno.stdout.isTerminal() &&
    Deno.env.get("CI") === undefined;
  return {
    write: (text) => {
      for (let bytes = encoder.encode(text); bytes.length > 0;) {
        bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
      }
    },
    get columns() {
      return isTerminal ? Deno.consoleSize().columns : undefined;
    },
  };
}
