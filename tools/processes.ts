import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";

/** How long processes may take to end by themselves, in milliseconds. */
const GRACE = 15_000;

/** How long they may take at SIGINT, in milliseconds. */
const LAST_WORDS = 2_000;

/** A process of this machine. */
export interface FoundProcess {
  /** Its id. */
  readonly pid: number;
  /** Its command and arguments. */
  readonly command: string;
}

/**
 * Finds the processes that name a folder in their environment, command or working folder. A folder
 * in `TMPDIR` so finds all that was started below, whoever their parent is by now.
 *
 * @param folder The folder, as they name it.
 * @returns All but this process.
 */
export function processesOf(folder: string): FoundProcess[] {
  const all = Deno.build.os === "linux" ? fromProc() : fromPs();
  return all
    .filter(({ pid, text }) => pid !== process.pid && text.includes(folder))
    .map(({ pid, command }) => ({ pid, command }));
}

/**
 * Ends the processes that name a folder: those that do not end by themselves in time.
 *
 * @param folder The folder, as {@linkcode processesOf} takes it.
 * @param grace Milliseconds.
 * @returns Those that had to be ended.
 */
export async function endProcesses(
  folder: string,
  grace: number = GRACE,
): Promise<FoundProcess[]> {
  const start = performance.now();
  let left = processesOf(folder);
  while (left.length > 0 && performance.now() - start < grace) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    left = processesOf(folder);
  }
  killProcesses(folder);
  return left;
}

/**
 * Ends the processes that name a folder: with SIGINT, at which Postgres removes its socket, and a
 * second later with SIGKILL.
 *
 * @param folder The folder, as {@linkcode processesOf} takes it.
 */
export function killProcesses(folder: string): void {
  signalAll(processesOf(folder), "SIGINT");
  const end = performance.now() + LAST_WORDS;
  while (processesOf(folder).length > 0 && performance.now() < end) sleep(20);
  // again and again: one that ends may have started another meanwhile
  for (let round = 0; round < 10; round++) {
    const left = processesOf(folder);
    if (left.length === 0) return;
    signalAll(left, "SIGKILL");
    sleep(5);
  }
}

function signalAll(
  processes: readonly FoundProcess[],
  signal: NodeJS.Signals,
): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch {
      // it has ended
    }
  }
}

/** Blocks this thread: a signal that ends the process leaves no time for a promise. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

interface Row extends FoundProcess {
  /** What is searched. */
  readonly text: string;
}

function fromProc(): Row[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap(
    (pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
        const folder = readlinkSync(`/proc/${pid}/cwd`);
        const text = [command, environment, `${folder}/`].join("\n");
        const words = command.replaceAll("\0", " ").trim();
        return { pid: Number(pid), command: words, text };
      } catch {
        return []; // it has ended, or is somebody else's
      }
    },
  );
}

/** BSD's options, which macOS has too: `e` appends the environment. */
function fromPs(): Row[] {
  const { stdout } = new Deno.Command("ps", {
    args: ["axeww", "-o", "pid=,command="],
  }).outputSync();
  return new TextDecoder().decode(stdout).trim().split("\n").map((row) => {
    const [, pid, command = ""] = /^ *(\d+) (.*)$/.exec(row) ?? [];
    return { pid: Number(pid), command, text: command };
  });
}
