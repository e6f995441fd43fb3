import { execFileSync } from "node:child_process";
import process from "node:process";

/**
 * Sends a signal to a process, and then to its children.
 *
 * @param pid The process; one that has ended is left alone.
 * @param signal The signal.
 */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  signalOne(pid, signal); // first: what is stopped starts no further child
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], {
    encoding: "utf8",
  });
  for (const row of table.trim().split("\n")) {
    const [child = 0, parent] = row.trim().split(/\s+/).map(Number);
    if (parent === pid) signalOne(child, signal);
  }
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}
