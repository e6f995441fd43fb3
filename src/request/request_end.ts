import { askPredicate } from "../check/user_code.ts";
import {
  type KnownOutcome,
  outcomeOf,
  type ResponseEndListener,
} from "../response_end/response_end_source.ts";
import { type TurnListener, waitForTurn } from "../response_end/turn.ts";
import type { RunOn } from "../task/policy.ts";
import type { BackgroundTask } from "../task/task.ts";
import type { HandlerOutcome, TaskResponse } from "../task/task_run.ts";

/** Who wants to know when a response has ended. */
export interface RequestEndListener {
  /** The status of a response that the handler has sent itself. */
  readonly sentStatus: number | undefined;
  /** The response has ended. Perhaps without the request's async context: no user's code runs in here. */
  responseEnded(): void;
  /** Nothing of the response is left to do: tasks may start. */
  tasksMayStart(): void;
}

/** How a request ended: what became of its handler and of its response. */
export class RequestEnd implements ResponseEndListener, TurnListener {
  /** Whether the response has ended. */
  hasEnded = false;
  /** Whether tasks may start: nothing of the response is left to do. */
  isOver = false;
  /** What the handler threw, if it failed. */
  failure: { readonly cause: unknown } | undefined;
  readonly #listener: RequestEndListener;
  readonly #status: number | undefined;
  #outcome: KnownOutcome = "unknown";
  #response: TaskResponse | undefined = undefined;

  constructor(
    listener: RequestEndListener,
    failure: { readonly cause: unknown } | undefined,
    status: number | undefined,
  ) {
    this.#listener = listener;
    this.failure = failure;
    this.#status = status;
  }

  /** Whether the handler returned or failed. */
  get outcome(): HandlerOutcome {
    return this.failure === undefined ? "success" : "failure";
  }

  /** The response as far as it is known, put together when somebody asks. */
  get response(): TaskResponse {
    return this.#response ??= {
      status: this.#status ?? this.#listener.sentStatus,
      outcome: outcomeOf(this.#outcome),
    };
  }

  responseEnded(outcome: KnownOutcome, turns: 0 | 1 | 2): void {
    this.hasEnded = true;
    this.#outcome = outcome;
    this.#response = undefined;
    this.#listener.responseEnded();
    if (turns === 0) this.turnHasCome();
    else waitForTurn(turns, this);
  }

  turnHasCome(): void {
    this.isOver = true;
    this.#listener.tasksMayStart();
  }
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
  end: Pick<RequestEnd, "outcome" | "failure" | "response">,
): Error | undefined {
  const { outcome } = end;
  const runs = typeof runOn === "function"
    ? askPredicate("runOn", () => runOn(outcome, end.response))
    : runOn === "always" || runOn === outcome ||
      (runOn === "success" && task.details?.addedAfterFailure);
  if (runs) return;
  const wanted = typeof runOn === "function"
    ? "its runOn predicate said no"
    : `its runOn is "${runOn}"`;
  const happened = outcome === "success"
    ? "the handler returned"
    : "the handler failed";
  return new Error(
    `Task "${task.name}" was discarded: ${happened} and ${wanted}`,
    { cause: end.failure?.cause },
  );
}
