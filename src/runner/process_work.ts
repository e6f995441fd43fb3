import type { TaskRun } from "../task/task_run.ts";
import type { DrainReport } from "./drain_report.ts";

/** A part of the process that has work to wait for: a runner, or a worker that closes. */
export interface Drainable {
  /** Whether there is something to wait for. */
  readonly isBusy: boolean;
  /** How many tasks succeeded so far. */
  readonly succeeded: number;
  /** How many tasks failed or timed out so far. */
  readonly failed: number;
  /** Resolves once there is nothing to wait for. */
  whenIdle(): Promise<void>;
  /** Stops everything, and tells what that was. */
  abandon(reason: unknown): TaskRun[];
  /** A wait for its work is over. The promise settles when the observers' hooks have settled. */
  drained(report: DrainReport): Promise<void> | undefined;
}

/** The work of the process: what a drain waits for. */
interface ProcessWork {
  /** Every part that has work. */
  readonly busy: Set<Drainable>;
  /** Told of each part that gets work. */
  readonly listeners: Set<(part: Drainable) => void>;
  /** Whether the process is ending. Streams without an end, such as that of devtools, stop then. */
  isEnding: boolean;
  /**
   * How many requests front doors have open. A request is open until its handler has settled, and in
   * a process that is ending until its response has ended. Counting costs less than a check whether
   * anybody needs the count.
   */
  requests: number;
  /** Each counts the open requests of a door that cannot know when its handlers settle: `./node`. */
  readonly counters: Set<() => number>;
  /** How many handlers failed, since the process began to end, because Deno took a body away. */
  uploadsLost: number;
}

/**
 * The registered key of the process's work, shared by all copies of the package: a bundler may make
 * a copy for each entry, a reload for each edit. Change the number with the shape.
 */
const KEY = Symbol.for("@postlude/background-tasks/process-work/4");

/** The work of this process, whatever copy of this package it belongs to. */
export const processWork: ProcessWork =
  (globalThis as { [KEY]?: ProcessWork })[KEY] ??= {
    busy: new Set(),
    listeners: new Set(),
    isEnding: false,
    requests: 0,
    counters: new Set(),
    uploadsLost: 0,
  };

/** How many requests are open, of all doors. */
export function openRequests(): number {
  let open = processWork.requests;
  for (const count of processWork.counters) open += count();
  return open;
}

/** A part of the process has work from now on. */
export function becomesBusy(part: Drainable): void {
  processWork.busy.add(part);
  for (const tell of processWork.listeners) tell(part);
}

/** A part of the process has nothing left. */
export function becomesIdle(part: Drainable): void {
  processWork.busy.delete(part);
}

/** Resolves once any part of the process has work. */
export function whenBusy(): Promise<void> {
  if (processWork.busy.size > 0) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      processWork.listeners.delete(wake);
      resolve();
    };
    processWork.listeners.add(wake);
  });
}
