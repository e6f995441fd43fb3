/** What a process and its children have used so far. */
export interface Usage {
  /** Milliseconds of CPU time, of the threads that are there. */
  readonly cpu: number;
  /** Resident memory, in megabytes. */
  readonly memory: number;
}

/**
 * Reads what a process uses, from Linux's `/proc`; elsewhere nothing is known.
 *
 * @param pid The process; its children count with it, such as workerd's.
 * @returns Its usage, `NaN` where it cannot be read.
 */
export function usageOf(pid: number): Usage {
  try {
    const own = readUsage(pid);
    return childrenOf(pid).map(usageOf).reduce((sum, child) => ({
      cpu: sum.cpu + child.cpu,
      memory: sum.memory + child.memory,
    }), own);
  } catch {
    return { cpu: NaN, memory: NaN };
  }
}

/**
 * A process and every process below it.
 *
 * @param pid The process.
 * @returns Their ids.
 */
export function familyOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

function readUsage(pid: number): Usage {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    nanoseconds += nanosecondsOf(`/proc/${pid}/task/${name}`);
  }
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
  return { cpu: nanoseconds / 1e6, memory: kilobytes / 1_024 };
}

function nanosecondsOf(thread: string): number {
  try {
    return parseInt(Deno.readTextFileSync(`${thread}/schedstat`));
  } catch {
    return 0; // it has ended since
  }
}

function childrenOf(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter((id) => id.trim() !== "").map(Number);
}
