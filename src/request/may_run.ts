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

/** The request whose tasks these are. */
interface TaskRequest extends RequestEnd {
  /** Whether anybody observes its tasks. */
  readonly isWatched: boolean;
}

/**
 * Whether a task may run. One that may not is ended as discarded, or as failed where its predicate
 * threw.
 *
 * @param task The task.
 * @param runOn The `runOn` that applies to it.
 * @param request What became of its request.
 * @param stoppedBy The first task that failed where `stopOnError` is set.
 */
export function mayRun(
  task: BackgroundTask,
  runOn: RunOn | undefined,
  request: TaskRequest,
  stoppedBy: BackgroundTask | undefined,
): boolean {
  try {
    const reason = whyStopped(task, stoppedBy) ??
      runOnRefusal(task, runOn, request);
    if (reason === undefined) return true;
    const isLost = stoppedBy !== undefined ||
      (request.failure !== undefined && typeof runOn !== "function");
    if (isLost && !request.isWatched) warnOfLoss(task.name, reason);
    task.end("discarded", reason);
  } catch (error) {
    task.end("failed", error);
  }
  return false;
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
  runOn: RunOn | undefined = "success",
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

/** A group is one step: a task of it that fails stops none of the others. */
function whyStopped(
  task: BackgroundTask,
  by: BackgroundTask | undefined,
): Error | undefined {
  if (by === undefined) return undefined;
  const group = task.details?.group;
  if (group !== undefined && group === by.details?.group) return undefined;
  return new Error(
    `Task ${
      quote(task.name)
    } was discarded: an earlier task failed and stopOnError is set`,
    { cause: by.error },
  );
}

/** How many names are remembered. After that, names seen for the first time are not warned of. */
const MOST_NAMES = 1_000;

const warned = new Set<string>();

/** Warns of a task that does not run because something failed, once for each name: nobody observes it. */
function warnOfLoss(name: string, { message }: Error): void {
  if (warned.has(name) || warned.size >= MOST_NAMES) return;
  warned.add(name);
  console.warn(`${message} (this is said once)`);
}
