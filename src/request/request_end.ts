import { quote } from "../check/check.ts";
import { askPredicate } from "../check/user_code.ts";
import type { RunOn } from "../task/policy.ts";
import type { BackgroundTask } from "../task/task.ts";
import type { HandlerOutcome, TaskResponse } from "../task/task_run.ts";

/** How a request ended: what became of its handler and of its response. */
export interface RequestEnd {
  /** What the handler threw, if it failed. */
  readonly failure: { readonly cause: unknown } | undefined;
  /** The response as far as it is known. */
  readonly response: TaskResponse;
}

/**
 * Why a task does not run, by its `runOn`.
 *
 * @param task The task.
 * @param runOn The `runOn` that applies to it.
 * @param end What became of its request.
 * @returns The reason, or `undefined` for a task that runs.
 * @throws What a predicate threw.
 */
export function runOnRefusal(
  task: BackgroundTask,
  runOn: RunOn = "success",
  end: RequestEnd,
): Error | undefined {
  const { failure } = end;
  const outcome: HandlerOutcome = failure ? "failure" : "success";
  const runs = typeof runOn === "function"
    ? askPredicate("runOn", () => runOn(outcome, end.response))
    : runOn === "always" || runOn === outcome ||
      task.details?.addedAfterFailure;
  if (runs) return;
  const wanted = typeof runOn === "function"
    ? "its runOn predicate said no"
    : `its runOn is "${runOn}"`;
  const happened = failure ? "failed" : "returned";
  return new Error(
    `Task ${
      quote(task.name)
    } was discarded: the handler ${happened} and ${wanted}`,
    { cause: failure?.cause },
  );
}
