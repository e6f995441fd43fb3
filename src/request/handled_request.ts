import { textOf } from "../check/thrown.ts";
import { responseEnd } from "../response_end/response_end.ts";
import {
  type KnownOutcome,
  outcomeOf,
  type ResponseEndListener,
} from "../response_end/response_end_source.ts";
import { IS_DENO } from "../response_end/runtime.ts";
import { type TurnListener, waitForTurn } from "../response_end/turn.ts";
import { processWork } from "../runner/process_work.ts";
import type { Scheduler } from "../runner/scheduler.ts";
import { processWatchers, type RequestEvent } from "../runner/watchers.ts";
import type { BackgroundTask } from "../task/task.ts";
import type { TaskResponse } from "../task/task_run.ts";
import { hasFailed } from "./failure.ts";
import { type Interception, interceptionOf } from "./interception.ts";
import type { RequestEnd } from "./may_run.ts";
import type { RequestOptions } from "./options.ts";
import { executionContextOf } from "./platform.ts";
import type { RequestContext } from "./request_context.ts";

/**
 * One request, from its front door to the end of its response: what became of its handler, and when
 * its tasks may start. What the tasks are is the business of `BackgroundTasks`, which extends it.
 *
 * Invariant: without a context, which a front door or `runAfter()` brings, nothing counts anywhere.
 */
export abstract class HandledRequest
  implements
    Iterable<BackgroundTask>,
    RequestEnd,
    ResponseEndListener,
    TurnListener {
  options: RequestOptions;
  /** What executes the tasks. */
  scheduler: Scheduler;
  context: RequestContext | undefined;
  protected request: Request | undefined;
  protected interception: Interception | undefined;
  /** Whether the handler has returned or thrown. */
  isSettled = false;
  /** Whether a front door has counted the request among those that are open. */
  isOpen = false;
  /** What the handler threw, if it failed. */
  failure: { readonly cause: unknown } | undefined;
  /** Whether the end of the response is watched already, or there is no response. */
  protected isWatchingEnd = false;
  /** Whether nothing of the response is left to do: tasks may start. */
  protected isOver = false;
  /** The context of an inner front door, whose framework may catch what the handler throws. */
  #inner: RequestContext | undefined;
  #response: Response | undefined;
  #status: number | undefined;
  /** How the response ended, once it has. */
  #outcome: KnownOutcome | undefined;

  constructor(options: RequestOptions) {
    this.options = options;
    this.scheduler = options.scheduler;
  }

  /** The tasks that wait or run. */
  abstract [Symbol.iterator](): Iterator<BackgroundTask>;

  /** Whether there are tasks that wait for the response. */
  protected abstract get hasTasks(): boolean;

  /** Whether nothing but the process was found to keep the tasks alive. */
  protected abstract get isKeptByProcess(): boolean;

  /** A front door, or `runAfter()`, brings the request. */
  open(context: RequestContext, request: Request | undefined): void {
    this.context = context;
    this.request = request;
    const interception = interceptionOf(request, context, this.options);
    if (interception !== undefined) {
      this.interception = interception;
      this.scheduler = interception.scheduler ?? this.scheduler;
    }
    if (processWatchers.size === 0) return;
    for (const watcher of processWatchers) {
      watcher.requestBegins?.(this, request);
    }
  }

  /** An inner front door handles the same request. */
  join(context: RequestContext): void {
    this.#inner = context;
    // the outer door may not have received what the server handed over
    const outer = this.context!;
    if (outer.env === undefined && outer.executionCtx === undefined) {
      this.context = context;
      this.#inner = outer;
    }
  }

  get fail(): (error: unknown) => void {
    return (error) => {
      if (hasFailed(this.options.isFailure, error)) {
        this.failure ??= { cause: error };
      }
    };
  }

  /**
   * The handler has settled. The tasks start when the response has ended.
   *
   * @param response The response, or `undefined` where the handler threw.
   * @returns The response to return instead.
   */
  settle(response: Response | undefined): Response | undefined {
    this.isSettled = true;
    this.#response = response;
    this.#status = undefined;
    this.#tell("handled");
    // a process that is ending waits for the response of each request, with tasks or without
    const mustWait = this.isOpen && processWork.isEnding;
    if (!mustWait) this.#leaveDoor();
    else if (isBodyGone(this.thrown()?.cause)) processWork.uploadsLost++;
    return mustWait || this.hasTasks ? this.watchEnd(false) : response;
  }

  /** The handler has returned, and the response waits for engines that take its durable tasks. */
  protected handlerEnded(status: number | undefined): void {
    this.#status = status;
    this.failure = this.thrown();
  }

  /** There is no response to wait for. */
  protected settleWithout(): void {
    this.isSettled = this.isWatchingEnd = true;
    this.failure = this.thrown();
  }

  /** The response as far as it is known. */
  get response(): TaskResponse {
    const outcome = outcomeOf(this.#outcome ?? "unknown");
    return { status: this.#knownStatus, outcome };
  }

  get #knownStatus(): number | undefined {
    return this.#status ?? statusOf(this.#response) ??
      this.context?.sentStatus;
  }

  /** Whether the response has ended. */
  protected get hasEnded(): boolean {
    return this.#outcome !== undefined;
  }

  responseEnded(outcome: KnownOutcome, turns: 0 | 1 | 2): void {
    this.#outcome = outcome;
    this.#tell("responseEnded");
    if (turns === 0) this.turnHasCome();
    else waitForTurn(turns, this);
  }

  /** Nothing of the response is left to do. */
  turnHasCome(): void {
    this.isOver = true;
    this.#leaveDoor();
    this.#letGo();
  }

  /**
   * Watches for the end of the response.
   *
   * @param hasLeft Whether the response was returned before its first task was added.
   * @returns The response to return instead.
   */
  protected watchEnd(hasLeft: boolean): Response | undefined {
    this.isWatchingEnd = true;
    this.failure = this.thrown();
    this.#tell("sending");
    const { context, interception, options, request } = this;
    const response = this.#response;
    options.strict?.responds(response, [...this]);
    const exactEnd = options.exactEnd === true;
    const exchange = { request, response, hasLeft, exactEnd };
    return interception === undefined
      ? responseEnd(this, exchange, context?.env)
      : interception.responseEnd(this, exchange);
  }

  /** What the handler threw, if it failed as far as anybody knows. */
  protected thrown(): { readonly cause: unknown } | undefined {
    if (this.failure !== undefined) return this.failure;
    const { failureStatus, isFailure } = this.options;
    const error = this.context?.error ?? this.#inner?.error;
    if (error !== undefined && hasFailed(isFailure, error)) {
      return { cause: error };
    }
    if (failureStatus === undefined) return undefined;
    const cause = this.#knownStatus;
    // for a client that has left, React Router and TanStack Start make up a 500 while the handler is
    // still at work. Deno's signal aborts after a success too, and reading it prints a warning
    const hasLeft = !IS_DENO && this.request?.signal?.aborted;
    // a comparison with `undefined` is false
    return cause! >= failureStatus && !hasLeft ? { cause } : undefined;
  }

  /**
   * Drops references that running tasks do not need, such as Hono's context with the request and the
   * response in it: tasks may run for long. The hints for `waitUntil` stay where a platform keeps the
   * work alive, because a later task asks the platform again.
   */
  #letGo(): void {
    const { context } = this;
    if (context === undefined) return;
    this.failure = this.thrown();
    this.#status = this.#knownStatus;
    this.#response = this.#inner = undefined;
    if (this.isKeptByProcess) {
      this.context = GONE;
      this.request = undefined;
    } else {
      const executionCtx = executionContextOf(context, this.options);
      this.context = { ...GONE, env: context.env, executionCtx };
    }
  }

  /** Takes the request out of the open requests that a shutdown waits for. */
  #leaveDoor(): void {
    if (this.isOpen) processWork.requests--;
    this.isOpen = false;
  }

  #tell(event: RequestEvent): void {
    if (processWatchers.size === 0) return;
    for (const watcher of processWatchers) {
      watcher.requestChanges?.(event, this);
    }
  }
}

/** The context of a request that is over, and that nothing but the process keeps alive. */
const GONE: RequestContext = {
  env: undefined,
  executionCtx: undefined,
  error: undefined,
};

/** The status of a response; `undefined` where the handler returned something else, which may throw. */
function statusOf(response: Response | undefined): number | undefined {
  try {
    return response?.status;
  } catch {
    return undefined;
  }
}

/** Whether Deno took the body of a request away, which stopping its server does: denoland/deno#36809. */
function isBodyGone(error: unknown): boolean {
  return textOf(error).startsWith("BadResource");
}
