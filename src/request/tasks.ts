import { describeValue } from "../check/check.ts";
import { BackgroundTasksClosedError } from "../check/errors.ts";
import { isThenable } from "../check/user_code.ts";
import { durableOf } from "../queues/durable.ts";
import type { Outbox } from "../queues/outbox.ts";
import { responseEnd } from "../response_end/response_end.ts";
import { thisTurn, waitForTurn } from "../response_end/turn.ts";
import type { DrainReport } from "../runner/drain.ts";
import { Line } from "../runner/line.ts";
import type { Scheduler } from "../runner/scheduler.ts";
import {
  both,
  processWatchers,
  type RequestEvent,
  type TaskEvent,
} from "../runner/watchers.ts";
import { runTask, startTask } from "../task/attempt.ts";
import { checkInProcess, checkTaskOptions } from "../task/check_policy.ts";
import { type Clock, systemClock } from "../task/clock.ts";
import { Deadline } from "../task/deadline.ts";
import { type FullPolicy, policyOf, type TaskOptions } from "../task/policy.ts";
import {
  addedBefore,
  BackgroundTask,
  type Surround,
  type TaskFunction,
  type TaskOwner,
} from "../task/task.ts";
import { reportTaskError } from "../task/task_error.ts";
import {
  NO_RESPONSE,
  type TaskResponse,
  type TaskStatus,
} from "../task/task_run.ts";
import { keepAlive } from "../wait_until/keep_alive.ts";
import type { WaitUntil } from "../wait_until/wait_until_source.ts";
import { warnDiscarded } from "./discarded.ts";
import { judge } from "./failure.ts";
import { type Interception, interceptionOf } from "./interception.ts";
import type { RequestOptions } from "./options.ts";
import { executionContextOf, platformOf } from "./platform.ts";
import type { RequestContext } from "./request_context.ts";
import {
  RequestEnd,
  type RequestEndListener,
  runOnRefusal,
} from "./request_end.ts";
import type { RunAfterContext, RunContext } from "./run_after.ts";
import { Sequence, type SequenceRunner } from "./sequence.ts";
import { Work, type WorkOwner } from "./work.ts";

/** How long tasks may keep the event loop to themselves, in milliseconds. */
const LONGEST_TURN = 5;

/** What adds tasks: the queue of a request, or a view of it with a policy. */
export interface Adder {
  addTask(
    fn: TaskFunction | BackgroundTask,
    ...args: readonly unknown[]
  ): BackgroundTask;
  addGroup(...tasks: readonly BackgroundTask[]): void;
  waitUntil(promise: PromiseLike<unknown>): void;
  with(options: TaskOptions): Adder;
}

/**
 * The tasks of one request: those that run here, in a `Sequence`, and those that go to an engine, in
 * an `Outbox`. What is pending is counted by its `Work`. None of the three exists before somebody adds
 * a task. Users see the part that `background_tasks.ts` describes.
 *
 * Invariant: without a context, which a front door or `runAfter()` brings, nothing counts anywhere.
 */
export class BackgroundTasks
  implements TaskOwner, SequenceRunner, WorkOwner, RequestEndListener {
  readonly #options: RequestOptions;
  #context: RequestContext | undefined = undefined;
  #request: Request | undefined = undefined;
  /** A front door further in: its framework may catch what is thrown. */
  #inner: RequestContext | undefined = undefined;
  #interception: Interception | undefined = undefined;
  /** The option of `runAfter()`. */
  #waitUntil: WaitUntil | undefined = undefined;
  #sequence: Sequence | undefined = undefined;
  #work: Work | undefined = undefined;
  /** What was handed to `waitUntil()` and has not settled. */
  #kept: Line<BackgroundTask> | undefined = undefined;
  #status: number | undefined = undefined;
  /** The response of a request without tasks: a task that is added later waits for its end. */
  #left: Response | undefined = undefined;
  #failure: { readonly cause: unknown } | undefined = undefined;
  /** How the request ended; made when somebody waits for it. */
  #end: RequestEnd | undefined = undefined;
  /** The first task that failed where `stopOnError` is set. */
  #stoppedBy: BackgroundTask | undefined = undefined;
  #deadline: Deadline | undefined = undefined;
  /** Whether the platform was asked to wait before: a queue that starts anew asks once more. */
  #wasKeptAlive = false;

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
    return [...this.outbox?.tasks() ?? [], ...this.unended()].values();
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
    if (!judge(this.#options.isFailure, error)) return;
    this.#failure ??= { cause: error };
    if (this.#end !== undefined) this.#end.failure = this.#failure;
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
  /** The tasks for engines, which the response waits for. */
  outbox: Outbox | undefined = undefined;

  /** A second front door, further in, handles the same request. */
  join(context: RequestContext): void {
    this.#inner = context;
    // whoever wrapped the app may not have been handed what its server hands over
    const outer = this.#context!;
    if (outer.env === undefined && outer.executionCtx === undefined) {
      this.#context = context;
      this.#inner = outer;
    }
  }

  judge(
    status: number | undefined,
  ): (task: BackgroundTask) => Error | undefined {
    const end = new RequestEnd(this, this.#thrown(), status);
    return (task) => runOnRefusal(task, this.#policyOf(task).runOn, end);
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
    if (this.#sequence !== undefined) return this.#watchEnd(response, false);
    this.#left = response;
    return response;
  }

  /** There is no response to wait for. */
  protected settleWithout(): RequestEnd | undefined {
    this.isSettled = true;
    this.#end = new RequestEnd(this, this.#thrown(), undefined);
    return this.#work?.isBusy ? this.#end : undefined;
  }

  // --- for the tasks, as their owner

  get clock(): Clock {
    return this.#interception?.clock ?? this.#scheduler.clock;
  }

  get isWatched(): boolean {
    return this.#interception !== undefined || this.#scheduler.isWatched;
  }

  get deadline(): number | undefined {
    return this.#deadline?.at;
  }

  get response(): TaskResponse {
    return this.#end?.response ??
      (this.isSettled ? { ...NO_RESPONSE, status: this.#status } : NO_RESPONSE);
  }

  get surround(): Surround | undefined {
    return this.#scheduler.observers?.surround;
  }

  taskStarts(task: BackgroundTask): void {
    this.#scheduler.running++;
    this.#notify("onStart", task);
  }

  taskRetries(task: BackgroundTask): void {
    this.#notify("onRetry", task);
  }

  taskEnded(task: BackgroundTask): void {
    if (durableOf(task) !== undefined) return this.#notify("onEnd", task);
    this.forget(task);
    const work = this.#work!;
    work.taskEnds(task, task.details?.isKept === true);
    if (isError(task.status)) this.#reportError(task);
    this.#notify("onEnd", task);
    work.hooksCalled();
  }

  // --- for the sequence

  now(): number {
    return this.clock.now();
  }

  isTurnLong(now: number): boolean {
    return this.clock === systemClock && now - thisTurn().time >= LONGEST_TURN;
  }

  start(task: BackgroundTask, now: number): Promise<void> | undefined {
    const policy = this.#policyOf(task);
    if (!this.#mayRun(task, policy)) return;
    const held = this.#interception?.turn(task);
    if (held === undefined) runTask(task, policy, now);
    return held?.then(() => runTask(task, policy, this.now()));
  }

  // --- for the work

  open(): void {
    this.#sequence?.open();
  }

  close(): void {
    this.#sequence?.close();
  }

  unended(): BackgroundTask[] {
    return [
      ...this.#sequence?.tasks.all() ?? [],
      ...this.#kept?.all() ?? [],
    ];
  }

  workIsOver(): void {
    this.#deadline?.cancel();
  }

  // --- for the end of the request

  get sentStatus(): number | undefined {
    return this.#context?.sentStatus;
  }

  responseEnded(): void {
    this.#tell("responseEnded");
    this.#work?.responseEnded();
    this.#deadline?.responseEnded();
  }

  tasksMayStart(): void {
    const work = this.#work;
    if (work === undefined || work.isDue) return;
    work.isDue = true;
    work.enqueue();
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
    if (durableOf(task) !== undefined) this.#addStep([task], options);
    else {
      this.#prepare(task, options);
      this.admit(task, 1);
      this.#own(task);
      if (!task.hasEnded) this.#sequenceOf().add(task);
      this.#added(task);
    }
    return task;
  }

  /** See `addGroup()`. */
  addAll(
    options: TaskOptions | undefined,
    tasks: readonly BackgroundTask[],
  ): void {
    const seen = new Set<BackgroundTask>();
    for (const task of tasks) {
      if (!(task instanceof BackgroundTask)) {
        throw new TypeError(
          `Cannot add ${
            describeValue(task)
          } to a group: write addGroup(task(fn, ...args), …)`,
        );
      }
      if (task.owner !== undefined || seen.has(task)) {
        throw addedBefore(task.name);
      }
      seen.add(task);
    }
    this.#addStep(tasks, options);
  }

  /** See `waitUntil()`. */
  keep(options: TaskOptions | undefined, promise: unknown): void {
    checkPromise(promise);
    const task = new BackgroundTask(function waitUntil() {});
    if (options !== undefined) task.detail.options = options;
    task.detail.isKept = true;
    this.#countKept();
    this.#own(task);
    (this.#kept ??= new Line()).add(task);
    this.#added(task);
    startTask(task, this.now());
    promise.then(
      () => task.end("succeeded"),
      (error) => task.end("failed", error),
    );
  }

  /** Takes a task that has ended out of the order. */
  protected forget(task: BackgroundTask): void {
    (task.details?.isKept ? this.#kept : this.#sequence?.tasks)?.delete(task);
  }

  get #scheduler(): Scheduler {
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
    if (this.#failure !== undefined) return this.#failure;
    const error = this.#context?.error ?? this.#inner?.error;
    if (error === undefined || !judge(this.#options.isFailure, error)) {
      return undefined;
    }
    return { cause: error };
  }

  #policyOf({ details, definition }: BackgroundTask): FullPolicy {
    return policyOf(details?.options, definition, this.#options.defaults);
  }

  #prepare(task: BackgroundTask, options: TaskOptions | undefined): void {
    if (options !== undefined) {
      task.detail.options = options;
      if (durableOf(task) === undefined) checkInProcess(task.name, options);
    }
    if (this.#thrown() !== undefined) task.detail.addedAfterFailure = true;
  }

  /** Adds a step, as a whole or not at all: what may be refused comes first. */
  #addStep(
    tasks: readonly BackgroundTask[],
    options: TaskOptions | undefined,
  ): void {
    for (const task of tasks) this.#prepare(task, options);
    const durable = tasks.filter((task) => durableOf(task) !== undefined);
    const others = tasks.filter((task) => durableOf(task) === undefined);
    const post = durable[0] && this.#outboxOf(durable[0]).write(durable);
    const [first] = others;
    if (first !== undefined) {
      this.admit(first, others.length);
      for (const task of others) this.#own(task);
      this.#sequenceOf().addGroup(others.filter(({ hasEnded }) => !hasEnded));
    }
    for (const task of durable) this.#own(task);
    post?.();
    for (const task of [...others, ...durable]) this.#added(task);
  }

  #own(task: BackgroundTask): void {
    task.owner = this;
    task.addedAt = this.clock === systemClock ? thisTurn().time : this.now();
  }

  #outboxOf(task: BackgroundTask): Outbox {
    return this.outbox ??= durableOf(task)!.openOutbox(this);
  }

  #sequenceOf(): Sequence {
    return this.#sequence ??= new Sequence(this);
  }

  /** Makes room for tasks; the first of them makes the platform stay alive. */
  protected admit(first: BackgroundTask, count: number): void {
    const work = this.#work ??= new Work(this, this.#scheduler);
    const wasBusy = work.isBusy;
    work.admit(first, count);
    if (wasBusy) return;
    try {
      this.#keepAlive(first);
    } catch (error) {
      work.withdraw(count);
      throw error;
    }
  }

  /** Counts a promise, which nobody can refuse. */
  #countKept(): void {
    const work = this.#work ??= new Work(this, this.#scheduler);
    const wasBusy = work.isBusy;
    work.keep();
    if (!wasBusy) this.#keepAlive(undefined);
  }

  /** Tells who watches, last of all: they may add tasks themselves. */
  #added(task: BackgroundTask): void {
    this.#options.strict?.check(task.name, task.args, this.#request);
    this.announce(task);
    if (this.isSettled && durableOf(task) === undefined) this.#startLate();
  }

  protected announce(task: BackgroundTask): void {
    const hadEnded = task.hasEnded;
    this.#notify("onAdd", task);
    if (!hadEnded) return;
    task.detail.endedAt = task.addedAt; // it was cancelled before it was added
    this.taskEnded(task);
  }

  /** The handler has settled: a response may have ended before anybody waited for its end. */
  #startLate(): void {
    const work = this.#work;
    if (this.#end === undefined) this.#watchEnd(this.#left, true);
    else if (this.#end.isOver && work !== undefined && !work.isDue) {
      work.isDue = true;
      waitForTurn(1, { turnHasCome: () => work.enqueue() });
    }
  }

  #watchEnd(
    response: Response | undefined,
    hasLeft: boolean,
  ): Response | undefined {
    const end = new RequestEnd(this, this.#thrown(), this.#status);
    this.#end = end;
    this.#tell("sending");
    const { exactEnd, strict } = this.#options;
    strict?.responds(response, this.unended());
    const exchange = { request: this.#request, response, hasLeft, exactEnd };
    const sent = this.#interception === undefined
      ? responseEnd(end, exchange, this.#context?.env)
      : this.#interception.responseEnd(end, exchange);
    if (this.#scheduler.isLimited) this.#giveUpPlaces(end);
    return sent;
  }

  /** What waits for a slow client does not keep others from having tasks. */
  #giveUpPlaces(end: RequestEnd): void {
    const turnHasCome = (): void => {
      if (!end.hasEnded) this.#work?.responseLasts();
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
      if (!this.#wasKeptAlive || first === undefined) return;
      const reason =
        "the platform keeps nothing alive for this request any more";
      throw new BackgroundTasksClosedError(first.name, reason, { cause });
    });
    this.#wasKeptAlive = true;
    this.#scheduler.platform = source;
    strict?.log(source);
  }

  /** Stops what waits or runs shortly before the platform does. */
  #limitTime(deadline: number | undefined, lifetime = Infinity): void {
    if (this.#deadline === undefined) {
      if (deadline === undefined && lifetime === Infinity) return;
      this.#deadline = new Deadline(deadline, lifetime, this.clock);
    }
    this.#deadline.arm((reason) => this.#work?.stop("expired", reason));
  }

  /** Whether a task runs, by `stopOnError` and by its `runOn`; one that does not is ended. */
  #mayRun(task: BackgroundTask, { runOn }: FullPolicy): boolean {
    try {
      const reason = this.#whyStopped(task) ??
        runOnRefusal(task, runOn, this.#end!);
      if (reason === undefined) return true;
      const isLost = this.#stoppedBy !== undefined ||
        (this.#end!.failure !== undefined &&
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
      `Task "${name}" was discarded: an earlier task failed and stopOnError is set`,
      { cause: by.error },
    );
  }

  #reportError(task: BackgroundTask): void {
    const { onTaskError, stopOnError } = this.#options;
    if (stopOnError) this.#stoppedBy ??= task;
    const begun = reportTaskError(
      onTaskError,
      task.snapshot(),
      `Background task "${task.name}" ${task.status}:`,
    );
    if (begun !== undefined) this.#hold(begun, task);
  }

  #notify(event: TaskEvent, task: BackgroundTask): void {
    if (!this.isWatched) return;
    const begun = both(
      this.#interception?.notify(event, task),
      this.#scheduler.notify(event, task),
    );
    if (begun !== undefined) this.#hold(begun, task);
  }

  /** What a hook has begun is a part of the work. */
  #hold(begun: Promise<void>, task: BackgroundTask): void {
    const work = this.#work ??= new Work(this, this.#scheduler);
    const wasBusy = work.isBusy;
    work.hold(begun, task);
    if (!wasBusy) this.#keepAlive(undefined);
  }

  #tell(event: RequestEvent): void {
    if (processWatchers.size === 0) return;
    for (const watcher of processWatchers) {
      watcher.requestChanges?.(event, this);
    }
  }
}

/** A view of the tasks that gives what is added through it a policy. */
class View implements Adder {
  readonly #tasks: BackgroundTasks;
  readonly #options: TaskOptions;

  constructor(tasks: BackgroundTasks, options: TaskOptions) {
    this.#tasks = tasks;
    this.#options = options;
  }

  addTask(
    fn: TaskFunction | BackgroundTask,
    ...args: readonly unknown[]
  ): BackgroundTask {
    return this.#tasks.addOne(this.#options, fn, args);
  }

  addGroup(...tasks: readonly BackgroundTask[]): void {
    this.#tasks.addAll(this.#options, tasks);
  }

  get waitUntil(): (promise: PromiseLike<unknown>) => void {
    return (promise) => this.#tasks.keep(this.#options, promise);
  }

  with(nearer: TaskOptions): Adder {
    checkTaskOptions(nearer);
    return new View(this.#tasks, { ...this.#options, ...given(nearer) });
  }
}

/** The task to add: one made now, or the one that was made before. */
function taskOf(
  fn: TaskFunction | BackgroundTask,
  args: readonly unknown[],
): BackgroundTask {
  if (!(fn instanceof BackgroundTask)) return new BackgroundTask(fn, ...args);
  if (args.length === 0) return fn;
  throw new TypeError(
    `Cannot add task "${fn.name}" with arguments: it has its own; write addTask(fn, ...args)`,
  );
}

/** Refuses what is not a promise, for `waitUntil()`. */
export function checkPromise(
  promise: unknown,
): asserts promise is PromiseLike<unknown> {
  if (isThenable(promise)) return;
  throw new TypeError(
    `Cannot wait until ${
      describeValue(promise)
    } settles: write waitUntil(promise); for a function, write addTask(fn, ...args)`,
  );
}

/** The error of tasks that are run a second time, or by somebody else. */
export function runElsewhere(): TypeError {
  return new TypeError(
    "Cannot run tasks after this response: they run after another one, or a middleware does it",
  );
}

/** The options that are not `undefined`, which leaves those further out alone. */
function given(options: TaskOptions): TaskOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
}

/** Whether a task that ended so goes to `onTaskError`. */
function isError(status: TaskStatus): boolean {
  return status === "failed" || status === "timed-out" || status === "expired";
}
