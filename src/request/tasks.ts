import { quote } from "../check/check.ts";
import { BackgroundTasksClosedError } from "../check/errors.ts";
import { durableOf, type Outbox } from "../queues/durable.ts";
import type { KnownOutcome } from "../response_end/response_end_source.ts";
import { nextTurn, thisTurn, waitForTurn } from "../response_end/turn.ts";
import type { DrainReport } from "../runner/drain_report.ts";
import { type TaskEvent, tell } from "../runner/watchers.ts";
import { runTask, startTask } from "../task/attempt.ts";
import { checkInProcess } from "../task/check_policy.ts";
import { type Clock, systemClock } from "../task/clock.ts";
import { policyOf, type TaskOptions, type TaskPolicy } from "../task/policy.ts";
import {
  BackgroundTask,
  type Surround,
  type TaskFunction,
  type TaskOwner,
} from "../task/task.ts";
import { reportTaskError } from "../task/task_error.ts";
import { keepAlive } from "../wait_until/keep_alive.ts";
import { PROCESS } from "../wait_until/resolve_wait_until.ts";
import { warnIfStopped } from "../wait_until/stopped.ts";
import {
  addedBefore,
  checkGroup,
  checkPromise,
  runElsewhere,
  taskOf,
} from "./check_added.ts";
import { HandledRequest } from "./handled_request.ts";
import { mayRun, runOnRefusal } from "./may_run.ts";
import type { RequestOptions } from "./options.ts";
import type { RequestContext } from "./request_context.ts";
import { platformOf } from "./platform.ts";
import type { RunAfterContext, RunContext } from "./run_after.ts";
import { type Adder, View } from "./view.ts";
import { Work, type WorkOwner } from "./work.ts";

/** How long tasks may keep the event loop to themselves, in milliseconds. */
const LONGEST_TURN = 5;

/**
 * The tasks of one request. Those that run here are its `Work`, those that go to an engine its
 * `Outbox`: neither exists before somebody adds a task. Users see the part that
 * `background_tasks.ts` describes.
 */
export class BackgroundTasks extends HandledRequest
  implements TaskOwner, WorkOwner {
  #work: Work | undefined;
  /** The tasks for engines, which the response waits for. */
  outbox: Outbox | undefined;

  constructor(
    options: RequestOptions,
    context?: RequestContext,
    request?: Request,
  ) {
    super(options);
    if (context !== undefined) this.open(context, request);
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

  // each of them can be handed on alone, as in `const { addTask } = tasks`: it needs no receiver

  get addTask(): Adder["addTask"] {
    return (fn, ...args) => this.addOne(undefined, fn, args);
  }

  get addGroup(): Adder["addGroup"] {
    return (...tasks) => this.addAll(undefined, tasks);
  }

  with(options: TaskOptions): Adder {
    return new View(this, {}).with(options);
  }

  get waitUntil(): Adder["waitUntil"] {
    return (promise) => this.keep(undefined, promise);
  }

  /** A front door runs these tasks: those of `new BackgroundTasks()` override this. */
  runAfter(_response: Response, _context?: RunAfterContext): Response {
    throw runElsewhere();
  }

  run(_context?: RunContext): Promise<DrainReport> {
    throw runElsewhere();
  }

  // --- what is added, with the options of a view

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
    this.workOf().keep(task);
    this.#added(task);
    startTask(task, this.now());
    Promise.resolve(promise).then(
      () => task.end("succeeded"),
      (error) => task.end("failed", error),
    );
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

  #prepare(task: BackgroundTask, options: TaskOptions | undefined): void {
    if (options !== undefined) {
      task.detail.options = options;
      if (!durableOf(task)) checkInProcess(task.name, options);
    }
    if (this.thrown() !== undefined) task.detail.addedAfterFailure = true;
  }

  /** Makes room for tasks. */
  protected admit(first: BackgroundTask, count: number): void {
    this.workOf().admit(first, count);
  }

  #own(task: BackgroundTask): void {
    // one that was cancelled before it counted: watchers hear of its end after its `onAdd`
    if (task.hasEnded) task.detail.endedBefore = true;
    task.owner = this;
    task.addedAt = this.clock === systemClock ? thisTurn().time : this.now();
  }

  /** Tells the watchers of a task, after everything else: a watcher may add tasks itself. */
  #added(task: BackgroundTask): void {
    this.options.strict?.check(task.name, task.args, this.request);
    this.announce(task);
    if (!this.isSettled || durableOf(task)) return;
    if (!this.isWatchingEnd) this.watchEnd(true);
    else if (this.isOver) this.#work!.startLater();
  }

  protected announce(task: BackgroundTask): void {
    this.#notify("onAdd", task);
    if (!task.details?.endedBefore) return;
    task.detail.endedAt = task.addedAt;
    this.taskEnded(task);
  }

  protected workOf(): Work {
    return this.#work ??= new Work(this);
  }

  #outboxOf(task: BackgroundTask): Outbox {
    return this.outbox ??= durableOf(task)!.openOutbox(this);
  }

  /** Why durable tasks do not run, once the handler has returned with this status, or has thrown. */
  refusals(
    status: number | undefined,
  ): (task: BackgroundTask) => Error | undefined {
    this.handlerEnded(status);
    return (task) => runOnRefusal(task, this.#policyOf(task).runOn, this);
  }

  // --- the end of the request

  protected get hasTasks(): boolean {
    return this.#work?.hasTasks === true;
  }

  protected get isKeptByProcess(): boolean {
    return this.#work?.keptAliveBy === PROCESS.source;
  }

  protected override watchEnd(hasLeft: boolean): Response | undefined {
    const sent = super.watchEnd(hasLeft);
    if (!this.scheduler.isLimited) return sent;
    // the tasks give up their places of `maxPending` while they wait for a slow client
    const turnHasCome = (): void => {
      if (!this.hasEnded) this.workOf().isSending = true;
    };
    if (this.interception === undefined) waitForTurn(2, { turnHasCome });
    else turnHasCome();
    return sent;
  }

  override responseEnded(outcome: KnownOutcome, turns: 0 | 1 | 2): void {
    this.#work?.responseEnded();
    super.responseEnded(outcome, turns);
  }

  override turnHasCome(): void {
    super.turnHasCome();
    this.#work?.startNow();
  }

  // --- the work, and its sequence

  /**
   * The work gets something to wait for. The platform is given the one promise of this request.
   *
   * @throws {BackgroundTasksClosedError} If the platform kept earlier tasks alive, and refuses now.
   */
  workBegins(work: Work, first: BackgroundTask | undefined): void {
    const { context, interception, options, request } = this;
    if (interception?.scheduler !== undefined) return;
    const found = platformOf(options.waitUntil, context!, request, options);
    // a test client is no platform: only the limit that the app itself states applies
    const limit = interception === undefined ? found : PROCESS;
    work.limitTime(limit.deadline, options.deadline ?? limit.lifetime);
    const wasKept = work.keptAliveBy && !this.isKeptByProcess;
    const refuse = wasKept && first ? refusalOf(first) : undefined;
    work.keptAliveBy = this.scheduler.platform = keepAlive(found, work, refuse);
    // whoever calls `run()` awaits its promise
    if (this.isKeptByProcess && !this.isWatchingEnd) warnIfStopped();
    options.strict?.log(work.keptAliveBy);
  }

  workIsOver(): void {}

  start(task: BackgroundTask): Promise<void> | undefined {
    if (task.hasEnded) return;
    const policy = this.#policyOf(task);
    if (!mayRun(task, policy.runOn, this, this.#work!.stoppedBy)) return;
    const held = this.interception?.turn(task);
    if (held === undefined) return this.#run(task, policy);
    return held.then(() => this.#run(task, policy));
  }

  #run(task: BackgroundTask, policy: TaskPolicy): Promise<void> | undefined {
    if (task.hasEnded) return;
    const now = this.now();
    if (this.clock === systemClock && now - thisTurn().time >= LONGEST_TURN) {
      return nextTurn().then(() => this.#run(task, policy));
    }
    runTask(task, policy, now);
  }

  #policyOf({ details, definition }: BackgroundTask): TaskPolicy {
    return policyOf(this.options.defaults, definition, details?.options);
  }

  // --- the tasks, whose owner this is

  get clock(): Clock {
    return this.interception?.clock ?? this.scheduler.clock;
  }

  /** The time, in epoch milliseconds. */
  now(): number {
    return this.clock.now();
  }

  get isWatched(): boolean {
    return this.interception !== undefined || this.scheduler.isWatched;
  }

  get deadline(): number | undefined {
    return this.#work?.deadline;
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
    const { status } = task;
    if (status === "failed" || status === "timed-out" || status === "expired") {
      this.#reportError(task, work);
    }
    this.#notify("onEnd", task);
    if (task.startedAt === undefined) task.letGo();
    work.hooksCalled();
  }

  #reportError(task: BackgroundTask, work: Work): void {
    const { onTaskError, stopOnError } = this.options;
    // a promise of `waitUntil()` is no step: nothing stands behind it
    if (stopOnError && !task.details?.isKept) work.stoppedBy ??= task;
    const text = `Background task ${quote(task.name)} ${task.status}:`;
    this.#hold(reportTaskError(onTaskError, task.snapshot(), text), task);
  }

  #notify(event: TaskEvent, task: BackgroundTask): void {
    if (!this.isWatched) return;
    const { interception, scheduler } = this;
    this.#hold(tell(interception, scheduler.observers, event, task), task);
  }

  /** Counts a promise that a hook returned as part of the work. */
  #hold(begun: Promise<void> | undefined, task: BackgroundTask): void {
    if (begun !== undefined) this.workOf().hold(begun, task);
  }
}

/** Refuses a task because the platform does, which kept earlier tasks alive. */
function refusalOf({ name }: BackgroundTask): (cause: unknown) => never {
  return (cause) => {
    const reason = "the platform keeps nothing alive for this request any more";
    throw new BackgroundTasksClosedError(name, reason, { cause });
  };
}
