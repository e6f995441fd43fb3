import { askPredicate } from "../check/check.ts";
import type { HandlerOutcome, RunOn, TaskResponse } from "../task/policy.ts";
import type { TaskState } from "../task/task_state.ts";

/** What became of the request a task was added to. */
export interface RequestEnd {
  /** Whether the handler returned or threw. */
  readonly outcome: HandlerOutcome;
  /** What it threw. */
  readonly failure: unknown;
  /** The response, as far as it is known. */
  readonly response: TaskResponse;
}

/**
 * Why a task does not run, by its `runOn`.
 *
 * @param state The task.
 * @param runOn The `runOn` that applies to it.
 * @param end What became of its request.
 * @returns The reason, or `undefined` for a task that runs.
 * @throws What a predicate threw.
 */
export function runOnRefusal(
  state: TaskState,
  runOn: RunOn = "success",
  end: RequestEnd,
): Error | undefined {
  const { outcome } = end;
  const runs = typeof runOn === "function"
    ? askPredicate("runOn", () => runOn(outcome, end.response))
    : runOn === "always" || runOn === outcome ||
      (runOn === "success" && state.addedAfterFailure);
  if (runs) return;
  const wanted = typeof runOn === "function"
    ? "its runOn predicate said no"
    : `its runOn is "${runOn}"`;
  const happened = outcome === "success"
    ? "the handler returned"
    : "the handler failed";
  return new Error(
    `Task "${state.name}" was discarded: ${happened} and ${wanted}`,
    { cause: end.failure },
  );
}
