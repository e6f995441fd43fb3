/** Where a task is in its life: waiting, running, or ended in exactly one of seven ways. */
export type TaskStatus =
  | "waiting"
  | "running"
  | "succeeded"
  | "failed"
  | "timed-out"
  | "cancelled"
  | "discarded"
  | "expired"
  | "abandoned";

/** A status a task can end in. */
export type EndStatus = Exclude<TaskStatus, "waiting" | "running">;

/** What observers, error hooks and drain reports see of a task: a snapshot, never its arguments. */
export interface TaskRun {
  /** A UUID of this task. */
  readonly id: string;
  /** The name: of `defineTask`, of `with({ name })`, else the function's own, else `"anonymous"`. */
  readonly name: string;
  /** The attempt, from 1; 0 while the task waits. */
  readonly attempt: number;
  /** Where the task is in its life. */
  readonly status: TaskStatus;
  /** When the task was added, in epoch milliseconds. */
  readonly addedAt: number;
  /** When the first attempt started, in epoch milliseconds. */
  readonly startedAt: number | undefined;
  /** When the task ended, in epoch milliseconds. */
  readonly endedAt: number | undefined;
  /** What the latest attempt threw, or why the task did not run. */
  readonly error: unknown;
}

/** Whether the handler of the request returned (`"success"`) or failed (`"failure"`). */
export type HandlerOutcome = "success" | "failure";

/**
 * What became of the response, where the runtime can tell.
 *
 * `"sent"`: everything was handed to the connection. `"aborted"`: the client left before that.
 * `"errored"`: the body failed half-way. `"unknown"`: this runtime cannot tell; never a guess.
 */
export type ResponseOutcome = "sent" | "aborted" | "errored" | "unknown";

/** The response a task ran after. */
export interface TaskResponse {
  /** The status code, or `undefined` where there was no response to look at (a thrown error). */
  readonly status: number | undefined;
  /** What became of the response, where the runtime can tell. */
  readonly outcome: ResponseOutcome;
}

/** The response of a task that has none: one that a worker runs, or a direct call. */
export const NO_RESPONSE: TaskResponse = {
  status: undefined,
  outcome: "unknown",
};
