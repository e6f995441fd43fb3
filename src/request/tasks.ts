import { quote } from "../check/check.ts";
import { BackgroundTasksClosedError } from "../check/errors.ts";

import { durableOf, type Outbox } from "../queues/durable.ts";
import { responseEnd } from "../response_end/response_end.ts";
import {
  type KnownOutcome,
  outcomeOf,
  type ResponseEndListener,
} from "../response_end/response_end_source.ts";
import {
  nextTurn,
  thisTurn,
  type TurnListener,
  waitForTurn,
} from "../response_end/turn.ts";
import type { DrainReport } from "../runner/drain_report.ts";
import { processWork } from "../runner/process_work.ts";
import type { Scheduler } from "../runner/scheduler.ts";
import {
  both,
  processWatchers,
  type RequestEvent,
  type TaskEvent,
} from "../runner/watchers.ts";
import { runTask, startTask } from "../task/attempt.ts";
import { checkInProcess } from "../task/check_policy.ts";
import { type Clock, systemClock } from "../task/clock.ts";
import { Deadline } from "../task/deadline.ts";
import { policyOf, type TaskOptions, type TaskPolicy } from "../task/policy.ts";
import {
  BackgroundTask,
  type Surround,
  type TaskFunction,
  type TaskOwner,
} from "../task/task.ts";
import { reportTaskError } from "../task/task_error.ts";
import type { TaskResponse, TaskStatus } from "../task/task_run.ts";
import { keepAlive } from "../wait_until/keep_alive.ts";
import { PROCESS } from "../wait_until/resolve_wait_until.ts";
import type { WaitUntil } from "../wait_until/wait_until_source.ts";
import {
  addedBefore,
  checkGroup,
  checkPromise,
  runElsewhere,
  taskOf,
} from "./check_added.ts";
import { type Adder, View } from "./view.ts";
import { warnDiscarded } from "./discarded.ts";
import { judge } from "./failure.ts";
import { type Interception, interceptionOf } from "./interception.ts";
import type { RequestOptions } from "./options.ts";
import { executionContextOf, platformOf } from "./platform.ts";
import type { RequestContext } from "./request_context.ts";
import { type RequestEnd, runOnRefusal } from "./request_end.ts";
import type { RunAfterContext, RunContext } from "./run_after.ts";
import { Work, type WorkOwner } from "./work.ts";

/** How long tasks may keep the event loop to themselves, in milliseconds. */
const LONGEST_TURN = 5;

/**
 * The tasks of one request, and how the request ends. Those that run here are its `Work`, those that
 * go to an engine its `Outbox`: neither exists before somebody adds a task. Users see the part that
 * `background_tasks.ts` describes.
 *
 * Invariant: without a context, which a front door or `runAfter()` brings, nothing counts anywhere.
 */
export class BackgroundTasks
  implements
    TaskOwner,
    WorkOwner,
    RequestEnd,
    ResponseEndListener,
    TurnListener {
  readonly #options: RequestOptions;
  #context: RequestContext | undefined = undefined;
  #request: Request | undefined = undefined;
  /** The context of an inner front door, whose framework may catch what the handler throws. */
  #inner: RequestContext | undefined = undefined;
  #interception: Interception | undefined = undefined;
  /** The option of `runAfter()`. */
  #waitUntil: WaitUntil | undefined = undefined;
  #work: Work | undefined = undefined;
  #status: number | undefined = undefined;
  /**
   * The response of a request that had no task when its handler returned. A task added later waits
   * for its end.
   */
  #left: Response | undefined = undefined;
  #outcome: KnownOutcome = "unknown";
  /** Whether the end of the response is watched already, or there is no response. */
  #isWatchingEnd = false;
  /** Whether the response has ended. */
  #hasEnded = false;
  /** Whether nothing of the response is left to do: tasks may start. */
  #isOver = false;
  /** The first task that failed where `stopOnError` is set. */
  #stoppedBy: BackgroundTask | undefined = undefined;
  #deadline: Deadline | undefined = undefined;
  /**
   * The name of what keeps the work alive; `undefined` until the first task. Tasks that are added
   * after all others have ended ask the platform anew.
   */
  #keptBy: string | undefined = undefined;

  constructor(
    options: RequestOptions,
    context: RequestContext | undefined,
    request: Request | undefined,
  ) {
    this.#options = options;
    if (context !== undefined) this.setContext(context, request);
  }

  get options(): RequestOptions {
    return this.#options;
  }

  get context(): RequestContext | undefined {
    return this.#context;
  }

  get size(): number {
    return [...this].length;
  }

  /** The tasks that wait or run: durable ones, then the others, each in the order they were added. */
  [Symbol.iterator](): Iterator<BackgroundTask> {
    return [
      ...this.outbox?.tasks() ?? [],
      ...this.#work?.unended.all() ?? [],
    ].values();
  }

  addTask(
    fn: TaskFunction | BackgroundTask,
    ...args: readonly unknown[]
  ): BackgroundTask {
    return this.addOne(undefined, fn, args);
  }

  addGroup(...tasks: readonly BackgroundTask[]): void {
    this.addAll(undefined, tasks);
  }

  with(options: TaskOptions): Adder {
    return new View(this, {}).with(options);
  }

  /** The function can be handed on alone: it needs no receiver. */
  get waitUntil(): (promise: PromiseLike<unknown>) => void {
    return (promise) => this.keep(undefined, promise);
  }

  fail(error: unknown): void {
    if (judge(this.#options.isFailure, error)) {
      this.failure ??= { cause: error };
    }
  }

  /** A front door runs these tasks: those of `new BackgroundTasks()` override this. */
  runAfter(_response: Response, _context?: RunAfterContext): Response {
    throw runElsewhere();
  }

  run(_context?: RunContext): Promise<DrainReport> {
    throw runElsewhere();
  }

  // --- for the front doors

  /** Whether the handler has returned or thrown. */
  isSettled = false;
  /** What the handler threw, if it failed. */
  failure: { readonly cause: unknown } | undefined = undefined;
  /** Whether a front door has counted the request among those that are open. */
  isOpen = false;
  /** The tasks for engines, which the response waits for. */
  outbox: Outbox | undefined = undefined;

  /** An inner front door handles the same request. */
  join(context: RequestContext): void {
    this.#inner = context;
    // the outer door may not have received what the server handed over
    const outer = this.#context!;
    if (outer.env === undefined && outer.executionCtx === undefined) {
      this.#context = context;
      this.#inner = outer;
    }
  }

  judge(
    status: number | undefined,
  ): (task: BackgroundTask) => Error | undefined {
    this.#status = status;
    this.failure = this.#thrown();
    return (task) => runOnRefusal(task, this.#policyOf(task).runOn, this);
  }

  /**
   * The handler has settled. The tasks start when the response has ended.
   *
   * @param response The response, or `undefined` where the handler threw.
   * @returns The response to return instead.
   */
  settle(response: Response | undefined): Response | undefined {
    this.isSettled = true;
    this.#status = response?.status;
    this.#tell("handled");
    if (processWork.isEnding && this.isOpen) {
      if (isBodyGone(this.#thrown()?.cause)) processWork.uploadsLost++;
      return this.#watchEnd(response, false);
    }
    this.#leaveDoor();
    if (this.#work?.hasTasks) return this.#watchEnd(response, false);
    this.#left = response;
    return response;
  }

  /** There is no response to wait for. */
  protected settleWithout(): boolean {
    this.isSettled = this.#isWatchingEnd = true;
    this.failure = this.#thrown();
    return this.#work?.isBusy === true;
  }

  // --- for the tasks, as their owner

  get clock(): Clock {
    return this.#interception?.clock ?? this.scheduler.clock;
  }

  get isWatched(): boolean {
    return this.#interception !== undefined || this.scheduler.isWatched;
  }

  get deadline(): number | undefined {
    return this.#deadline?.at;
  }

  get response(): TaskResponse {
    return {
      status: this.#status ?? this.#context?.sentStatus,
      outcome: outcomeOf(this.#outcome),
    };
  }

  get surround(): Surround | undefined {
    return this.scheduler.observers?.surround;
  }

  taskStarts(task: BackgroundTask): void {
    this.scheduler.running++;
    this.#notify("onStart", task);
  }

  taskRetries(task: BackgroundTask): void {
    this.#notify("onRetry", task);
  }

  taskEnded(task: BackgroundTask): void {
    if (durableOf(task)) return this.#notify("onEnd", task);
    const work = this.#work!;
    work.taskEnds(task);
    if (isError(task.status)) this.#reportError(task);
    this.#notify("onEnd", task);
    work.hooksCalled();
  }

  /** The time, in epoch milliseconds. */
  now(): number {
    return this.clock.now();
  }

  // --- for the sequence

  start(task: BackgroundTask): Promise<void> | undefined {
    if (task.hasEnded) return;
    const { clock } = this;
    const now = clock.now();
    if (clock === systemClock && now - thisTurn().time >= LONGEST_TURN) {
      return nextTurn().then(() => this.start(task));
    }
    const policy = this.#policyOf(task);
    if (!this.#mayRun(task, policy)) return;
    const held = this.#interception?.turn(task);
    if (held === undefined) runTask(task, policy, now);
    return held?.then(() => runTask(task, policy, this.now()));
  }

  // --- for the work

  workIsOver(): void {
    this.#deadline?.cancel();
  }

  // --- for the end of the request

  responseEnded(outcome: KnownOutcome, turns: 0 | 1 | 2): void {
    this.#hasEnded = true;
    this.#outcome = outcome;
    this.#tell("responseEnded");
    if (this.#work !== undefined) this.#work.isSending = false;
    this.#deadline?.responseEnded();
    if (turns === 0) this.turnHasCome();
    else waitForTurn(turns, this);
  }

  /** Tasks may start. */
  turnHasCome(): void {
    this.#isOver = true;
    this.#leaveDoor();
    this.#letGo();
    const work = this.#work;
    if (work === undefined || work.isDue) return;
    work.isDue = true;
    work.turnHasCome();
  }

  // --- for a view, which has options of its own

  /** See `addTask()`. A task that was added here before stays where it is. */
  addOne(
    options: TaskOptions | undefined,
    fn: TaskFunction | BackgroundTask,
    args: readonly unknown[],
  ): BackgroundTask {
    const task = taskOf(fn, args);
    if (task.owner === this) return task;
    if (task.owner !== undefined) throw addedBefore(task.name);
    if (durableOf(task)) this.#addStep([task], options);
    else {
      this.#prepare(task, options);
      this.admit(task, 1);
      this.#own(task);
      if (!task.hasEnded) this.workOf().add(task);
      this.#added(task);
    }
    return task;
  }

  /** See `addGroup()`. */
  addAll(
    options: TaskOptions | undefined,
    tasks: readonly BackgroundTask[],
  ): void {
    checkGroup(tasks);
    this.#addStep(tasks, options);
  }

  /** See `waitUntil()`. */
  keep(options: TaskOptions | undefined, promise: unknown): void {
    checkPromise(promise);
    const task = new BackgroundTask(function waitUntil() {}, []);
    if (options !== undefined) task.detail.options = options;
    task.detail.isKept = true;
    this.#own(task);
    this.#whileBusy(undefined, (work) => work.keep(task));
    this.#added(task);
    startTask(task, this.now());
    Promise.resolve(promise).then(
      () => task.end("succeeded"),
      (error) => task.end("failed", error),
    );
  }

  get scheduler(): Scheduler {
    return this.#interception?.scheduler ?? this.#options.scheduler;
  }

  /** A front door, or `runAfter()`, brings the request. */
  protected setContext(
    context: RequestContext,
    request: Request | undefined,
    waitUntil?: WaitUntil,
  ): void {
    this.#waitUntil = waitUntil;
    this.#context = context;
    this.#request = request;
    this.#interception = interceptionOf(
      request,
      () => executionContextOf(context, this.#options),
    );
    for (const watcher of processWatchers) {
      watcher.requestBegins?.(this, request);
    }
  }

  /** What the handler threw, if it failed as far as anybody knows. */
  #thrown(): { readonly cause: unknown } | undefined {
    if (this.failure !== undefined) return this.failure;
    const { failureStatus, isFailure } = this.#options;
    const error = this.#context?.error ?? this.#inner?.error;
    if (error !== undefined && judge(isFailure, error)) return { cause: error };
    const cause = this.response.status; // a comparison with `undefined` is false
    if (cause! >= failureStatus!) return { cause };
  }

  #policyOf({ details, definition }: BackgroundTask): TaskPolicy {
    return policyOf(this.#options.defaults, definition, details?.options);
  }

  #prepare(task: BackgroundTask, options: TaskOptions | undefined): void {
    if (options !== undefined) {
      task.detail.options = options;
      if (!durableOf(task)) checkInProcess(task.name, options);
    }
    if (this.#thrown() !== undefined) task.detail.addedAfterFailure = true;
  }

  /** Adds a step as a whole or not at all: the calls that may throw come first. */
  #addStep(
    tasks: readonly BackgroundTask[],
    options: TaskOptions | undefined,
  ): void {
    for (const task of tasks) this.#prepare(task, options);
    const durable = tasks.filter((task) => durableOf(task));
    const others = tasks.filter((task) => !durableOf(task));
    const post = durable[0] && this.#outboxOf(durable[0]).write(durable);
    const [first] = others;
    if (first !== undefined) {
      this.admit(first, others.length);
      for (const task of others) this.#own(task);
      this.workOf().addGroup(others.filter(({ hasEnded }) => !hasEnded));
    }
    for (const task of durable) this.#own(task);
    post?.();
    for (const task of [...others, ...durable]) this.#added(task);
  }

  #own(task: BackgroundTask): void {
    markEnded(task);
    task.owner = this;
    task.addedAt = this.clock === systemClock ? thisTurn().time : this.now();
  }

  #outboxOf(task: BackgroundTask): Outbox {
    return this.outbox ??= durableOf(task)!.openOutbox(this);
  }

  protected workOf(): Work {
    return this.#work ??= new Work(this);
  }

  /** Makes room for tasks. */
  protected admit(first: BackgroundTask, count: number): void {
    this.#whileBusy(first, (work) => work.admit(first, count), count);
  }

  /** Adds to the work. Where the work was idle, the platform is asked to stay alive. */
  #whileBusy(
    first: BackgroundTask | undefined,
    begin: (work: Work) => void,
    count = 0,
  ): void {
    const work = this.workOf();
    const wasBusy = work.isBusy;
    begin(work);
    if (wasBusy) return;
    try {
      this.#keepAlive(first);
    } catch (error) {
      work.withdraw(count);
      throw error;
    }
  }

  /** Tells the watchers of a task, after everything else: a watcher may add tasks itself. */
  #added(task: BackgroundTask): void {
    this.#options.strict?.check(task.name, task.args, this.#request);
    this.announce(task);
    if (this.isSettled && !durableOf(task)) this.#startLate();
  }

  protected announce(task: BackgroundTask): void {
    this.#notify("onAdd", task);
    if (!task.details?.endedBefore) return;
    task.detail.endedAt = task.addedAt;
    this.taskEnded(task);
  }

  /** Starts a task that was added after the handler settled; the response may have ended already. */
  #startLate(): void {
    const work = this.#work;
    if (!this.#isWatchingEnd) this.#watchEnd(this.#left, true);
    else if (this.#isOver && work !== undefined && !work.isDue) {
      work.isDue = true;
      waitForTurn(1, work);
    }
  }

  #watchEnd(
    response: Response | undefined,
    hasLeft: boolean,
  ): Response | undefined {
    this.#isWatchingEnd = true;
    this.failure = this.#thrown();
    this.#tell("sending");
    const { exactEnd, strict } = this.#options;
    strict?.responds(response, this.#work?.unended.all() ?? []);
    const exchange = {
      request: this.#request,
      response,
      hasLeft,
      exactEnd: exactEnd === true,
    };
    const sent = this.#interception === undefined
      ? responseEnd(this, exchange, this.#context?.env)
      : this.#interception.responseEnd(this, exchange);
    if (this.scheduler.isLimited) this.#giveUpPlaces();
    return sent;
  }

  /** Gives up the places of `maxPending` while the tasks wait for a slow client. */
  #giveUpPlaces(): void {
    const turnHasCome = (): void => {
      if (!this.#hasEnded) this.workOf().isSending = true;
    };
    if (this.#interception === undefined) waitForTurn(2, { turnHasCome });
    else turnHasCome();
  }

  /**
   * Gives the platform the one promise of this request.
   *
   * @throws {BackgroundTasksClosedError} If the platform kept earlier tasks alive, and refuses now.
   */
  #keepAlive(first: BackgroundTask | undefined): void {
    if (this.#interception?.scheduler !== undefined) return;
    const { waitUntil, deadline, strict } = this.#options;
    const option = this.#waitUntil ?? waitUntil;
    const resolved = platformOf(
      option,
      this.#context!,
      this.#request,
      this.#options,
    );
    // a test client is no platform: only the limit that the app itself states applies
    const limit = this.#interception === undefined ? resolved : undefined;
    this.#limitTime(limit?.deadline, deadline ?? limit?.lifetime);
    const source = keepAlive(resolved, this.#work!, (cause) => {
      if (this.#keptBy === undefined || first === undefined) return;
      const reason =
        "the platform keeps nothing alive for this request any more";
      throw new BackgroundTasksClosedError(first.name, reason, { cause });
    });
    this.#keptBy = this.scheduler.platform = source;
    strict?.log(source);
  }

  /** Stops the tasks shortly before the platform would. */
  #limitTime(deadline: number | undefined, lifetime = Infinity): void {
    if (this.#deadline === undefined) {
      if (deadline === undefined && lifetime === Infinity) return;
      this.#deadline = new Deadline(deadline, lifetime, this.clock);
    }
    this.#deadline.arm((reason) => this.#work?.stop("expired", reason));
  }

  /** Whether `stopOnError` and the task's `runOn` let a task run. Ends a task that may not run. */
  #mayRun(task: BackgroundTask, { runOn }: TaskPolicy): boolean {
    try {
      const reason = this.#whyStopped(task) ??
        runOnRefusal(task, runOn, this);
      if (reason === undefined) return true;
      const isLost = this.#stoppedBy !== undefined ||
        (this.failure !== undefined &&
          (runOn ?? "success") === "success");
      if (isLost && !this.isWatched) warnDiscarded(task.name, reason);
      task.end("discarded", reason);
    } catch (error) {
      task.end("failed", error);
    }
    return false;
  }

  #whyStopped({ name, details }: BackgroundTask): Error | undefined {
    const by = this.#stoppedBy;
    if (by === undefined) return undefined;
    const group = details?.group;
    if (group !== undefined && group === by.details?.group) return undefined;
    return new Error(
      `Task ${
        quote(name)
      } was discarded: an earlier task failed and stopOnError is set`,
      { cause: by.error },
    );
  }

  #reportError(task: BackgroundTask): void {
    const { onTaskError, stopOnError } = this.#options;
    if (stopOnError) this.#stoppedBy ??= task;
    const begun = reportTaskError(
      onTaskError,
      task.snapshot(),
      `Background task ${quote(task.name)} ${task.status}:`,
    );
    if (begun !== undefined) this.#hold(begun, task);
  }

  #notify(event: TaskEvent, task: BackgroundTask): void {
    if (!this.isWatched) return;
    const begun = both(
      this.#interception?.notify(event, task),
      this.scheduler.notify(event, task),
    );
    if (begun !== undefined) this.#hold(begun, task);
  }

  /** Counts a promise that a hook returned as part of the work. */
  #hold(begun: Promise<void>, task: BackgroundTask): void {
    this.#whileBusy(undefined, (work) => work.hold(begun, task));
  }

  /**
   * Drops references that running tasks do not need, such as Hono's context with the request and the
   * response in it: tasks may run for long. The hints for `waitUntil` stay where a platform keeps the
   * work alive, because a later task asks the platform again.
   */
  #letGo(): void {
    const context = this.#context;
    if (context === undefined) return;
    this.failure = this.#thrown();
    this.#status ??= context.sentStatus;
    this.#left = this.#inner = undefined;
    if (this.#keptBy === PROCESS.source) {
      this.#context = GONE;
      this.#request = undefined;
    } else {
      const executionCtx = executionContextOf(context, this.#options);
      this.#context = { env: context.env, executionCtx, error: undefined };
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

/** Marks a task that was cancelled before it counted: watchers hear of its end after its `onAdd`. */
export function markEnded(task: BackgroundTask): void {
  if (task.hasEnded) task.detail.endedBefore = true;
}

/** Whether a task with this end goes to `onTaskError`. */
function isError(status: TaskStatus): boolean {
  return status === "failed" || status === "timed-out" || status === "expired";
}

/** Whether Deno took the body of a request away, which stopping its server does: denoland/deno#36809. */
function isBodyGone(error: unknown): boolean {
  return (error as { name?: unknown } | undefined)?.name === "BadResource";
}
