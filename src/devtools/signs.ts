import type { TaskStatus } from "../task/task_run.ts";

/** Every status with a sign of its own, because colour must not be the only difference; in the order of a life. */
export const SIGNS: Readonly<Record<TaskStatus, string>> = {
  "waiting": "○",
  "running": "◐",
  "succeeded": "✓",
  "failed": "✕",
  "timed-out": "⧖",
  "cancelled": "⊘",
  "discarded": "–",
  "expired": "⧗",
  "abandoned": "⊗",
};
