import type { TaskRun } from "../task/task_run.ts";

/** What became of the tasks while they were waited for. */
export interface DrainReport {
  /** How many succeeded. */
  readonly finished: number;
  /** How many failed or timed out. */
  readonly failed: number;
  /** What had not ended when the wait was over. */
  readonly abandoned: readonly TaskRun[];
}
