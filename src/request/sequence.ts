import { Deadline } from "../task/deadline.ts";
import { BackgroundTasksClosedError } from "../check/errors.ts";
import { Gate, sharedGate } from "../response_end/gate.ts";
import type { Interception } from "./interception.ts";
import type { RequestRecord } from "./request_record.ts";
import { type RequestEnd, runOnRefusal } from "./request_end.ts";
import {
  type KnownOutcome,
  outcomeOf,
  type ResponseEndListener,
} from "../response_end/response_end_source.ts";
import { policyOf, runTask, type TaskEnvironment } from "../task/attempt.ts";
import type { Scheduler } from "../runner/scheduler.ts";
import type { BackgroundTask } from "../task/task.ts";
import { type OnTaskError, reportTaskError } from "../task/task_error.ts";
import type {
  FullPolicy,
  HandlerOutcome,
  RunOn,
  TaskResponse,
} from "../task/policy.ts";
import type {
  EndStatus,
  TaskOwner,
  TaskRun,
  TaskState,
  TaskStatus,
} from "../task/task_state.ts";
import { type TurnListener, waitForTurn } from "../response_end/turn.ts";

/** What a sequence takes from the options of the middleware. */
export interface SequenceOptions {
  readonly defaults: FullPolicy;
  readonly stopOnError: boolean;
  readonly onTaskError: OnTaskError | undefined;
}

/**
 * The tasks of one request, one step after another once the response has ended.
 *
 * Each step is a continuation attached where the task was added, so that it keeps the async
 * context (`AsyncLocalStorage`) of that call, and the next step does not see what it changed.
 *
 * Invariant: once started, the sequence is finished exactly when `#pending` and `#ending` are zero.
 */
export class TaskSequence
  implements
    TaskOwner,
    TaskEnvironment,
    RequestEnd,
    ResponseEndListener,
    TurnListener {
  readonly record: RequestRecord | undefined;
  finished = false;
  /** Its neighbours, for the scheduler that keeps it. */
  previous: TaskSequence | undefined = undefined;
  next: TaskSequence | undefined = undefined;
  /** The one that waits for a free place behind it. */
  nextReady: TaskSequence | undefined = undefined;
  readonly #options: SequenceOptions;
  readonly #scheduler: Scheduler;
  outcome: HandlerOutcome = "success";
  failure: unknown = undefined;
  #status: number | undefined = undefined;
  #responseOutcome: KnownOutcome = "unknown";
  #response: TaskResponse | undefined = undefined;
  /** The tasks in order, linked to each other: the first that may not have ended, and the last. */
  #first: TaskState | undefined = undefined;
  #last: TaskState | undefined = undefined;
  /** The one whose continuation comes next: they come in the order of the tasks. */
  #next: TaskState | undefined = undefined;
  #steps = 0;
  #pending = 0;
  /** Those that have ended, and whose hooks run: they may still add tasks. */
  #ending = 0;
  #started = false;
  /** The first failure where `stopOnError` is set, and the step it was in. */
  #stopped: { readonly cause: unknown; readonly step: number } | undefined =
    undefined;
  #gate: Gate = sharedGate();
  #tail: Promise<void> = this.#gate.opening;
  #whenDone: (() => void) | undefined = undefined;
  #deadline: Deadline | undefined = undefined;
  #interception: Interception | undefined = undefined;

  constructor(
    options: SequenceOptions,
    scheduler: Scheduler,
    record: RequestRecord | undefined,
  ) {
    this.record = record;
    this.#options = options;
    this.#scheduler = scheduler;
  }

  get clock(): Scheduler["clock"] {
    return this.#interception?.clock ?? this.#scheduler.clock;
  }

  get surround(): Scheduler["surround"] {
    return this.#scheduler.surround;
  }

  /** When the platform ends the work, in epoch milliseconds, once that is known. */
  get deadline(): number | undefined {
    return this.#deadline?.at;
  }

  /** The response as far as it is known, put together when somebody asks. */
  get response(): TaskResponse {
    return this.#response ??= {
      status: this.#status,
      outcome: outcomeOf(this.#responseOutcome),
    };
  }

  /** How many tasks wait or run. */
  get size(): number {
    return this.#pending;
  }

  /** The tasks that wait or run, in the order they were added. */
  tasks(): BackgroundTask[] {
    return this.#states().filter(({ hasEnded }) => !hasEnded)
      .map(({ task }) => task);
  }

  now(): number {
    return this.clock.now();
  }

  get isWatched(): boolean {
    return this.#interception !== undefined || this.#scheduler.isWatched;
  }

  /** A promise for `waitUntil`: it covers the whole sequence and never rejects. */
  whenDone(): Promise<void> {
    return new Promise((resolve) => this.#whenDone = resolve);
  }

  /** Tells a test client of every task, those included that were added before. */
  intercept(interception: Interception): void {
    this.#interception = interception;
    for (const state of this.#states()) {
      interception.notify("onAdd", state);
      if (state.hasEnded) interception.notify("onEnd", state);
    }
  }

  /** Stops what waits or runs shortly before the platform does. */
  limitTime(deadline: number | undefined, lifetime = Infinity): void {
    if (deadline === undefined && lifetime === Infinity) return;
    this.#deadline = new Deadline(
      deadline,
      lifetime,
      this.clock,
      (reason) => this.stop("expired", reason),
    );
  }

  /** Adds a task there is room for. */
  add(state: TaskState): void {
    const before = this.#endOfLast();
    this.#append(state, this.now());
    this.#tail = before.then(this.#runNext);
    this.#added(state);
  }

  /** Adds several tasks there is room for, as one step. */
  addGroup(states: readonly TaskState[]): void {
    const before = this.#endOfLast();
    const addedAt = this.now();
    for (const state of states) this.#append(state, addedAt);
    // a continuation for each: so that none sees what another one enters
    const all = states.map(() => before.then(this.#runNext));
    this.#tail = Promise.all(all).then(() => {});
    for (const state of states) this.#added(state);
  }

  /** What the next step waits for: nobody waits for the last task before another one is added. */
  #endOfLast(): Promise<void> {
    const last = this.#last;
    return last?.status === "running"
      ? this.#tail.then(() => endOf(last))
      : this.#tail;
  }

  /**
   * Makes room for the tasks of one step, which are added next.
   *
   * @throws {BackgroundTasksClosedError} If the sequence has finished, or the runner was closed.
   * @throws {TaskQueueFullError} If the runner would hold more than `maxPending` tasks.
   */
  makeRoom(first: TaskState, count: number): void {
    if (this.finished) {
      throw new BackgroundTasksClosedError(
        first.name,
        "the background tasks of this request have finished; add it before the handler returns, " +
          "or from a task that is still running",
      );
    }
    this.#scheduler.admit(first, count);
    if (this.#pending === 0) this.#scheduler.add(this);
    this.#pending += count;
    this.#steps++;
  }

  /** The handler has returned or thrown. */
  settle(
    outcome: HandlerOutcome,
    failure: unknown,
    status: number | undefined,
  ): void {
    this.outcome = outcome;
    this.failure = failure;
    this.#status = status;
    this.#response = undefined;
    if (this.record !== undefined) this.record.endIsWatched = true;
  }

  /** The response has ended. */
  responseEnded(outcome: KnownOutcome, turns: 0 | 1 | 2): void {
    this.record?.responseEnded(outcomeOf(outcome));
    if (this.finished) return;
    this.#responseOutcome = outcome;
    this.#response = undefined;
    this.#deadline?.responseEnded();
    if (turns === 0) this.turnHasCome();
    else waitForTurn(turns, this);
  }

  /** Nothing of the response is left to do: the tasks start when the scheduler says so. */
  turnHasCome(): void {
    if (!this.finished) this.#scheduler.enqueue(this);
  }

  /** Lets the first task start. */
  start(): void {
    this.#started = true;
    this.#gate.open();
    if (this.#pending === 0) this.#nothingLeft();
  }

  /** Ends every task that waits or runs, and with them the sequence. */
  stop(status: EndStatus, reason: unknown): TaskRun[] {
    this.#finish(); // first, so that nobody adds to what will not run
    this.#ending++;
    const stopped = this.#states().filter((state) =>
      state.interrupt(status, reason)
    );
    this.#hooksEnded();
    return stopped.map((state) => state.snapshot());
  }

  /** All that may not have ended, in order. */
  #states(): TaskState[] {
    const states: TaskState[] = [];
    for (let one = this.#first; one !== undefined; one = one.next) {
      states.push(one);
    }
    return states;
  }

  #append(state: TaskState, addedAt: number): void {
    state.owner = this;
    state.addedAt = addedAt;
    state.step = this.#steps;
    if (this.#last === undefined) this.#first = state;
    else this.#last.next = state;
    this.#last = state;
    this.#next ??= state;
  }

  /** Tells who watches, last of all: they may add tasks themselves. */
  #added(state: TaskState): void {
    this.#interception?.notify("onAdd", state);
    this.#scheduler.notify("onAdd", state);
    state.added();
  }

  taskStarts(state: TaskState): void {
    this.#interception?.notify("onStart", state);
    this.#scheduler.started(state);
  }

  taskRetries(state: TaskState): void {
    this.#interception?.notify("onRetry", state);
    this.#scheduler.notify("onRetry", state);
  }

  taskEnded(state: TaskState): void {
    this.#pending--;
    this.#ending++;
    this.#scheduler.ended(state);
    if (isFailure(state.status)) this.#reportError(state);
    this.#interception?.notify("onEnd", state);
    this.#scheduler.notify("onEnd", state);
    this.#hooksEnded();
  }

  #hooksEnded(): void {
    this.#ending--;
    if (this.#pending + this.#ending === 0) this.#nothingLeft();
  }

  /** No task waits or runs, and no hook does. */
  #nothingLeft(): void {
    if (this.#started) this.#finish();
    else this.#scheduler.remove(this, false); // it may never be: a handler throws, say
    if (this.finished) this.#whenDone?.();
  }

  /** The continuation of every task, which finds out whose it is. */
  readonly #runNext = (): PromiseLike<void> | void => {
    if (!this.#started) { // the gate opened for other requests
      if (this.#gate.isOpen) this.#gate = new Gate();
      return this.#gate.opening.then(this.#runNext);
    }
    const state = this.#next!;
    this.#next = state.next;
    this.#forgetEndedBefore(state);
    const turn = this.#runOne(state);
    if (turn !== undefined) return turn.then(() => endOf(state));
    if (state !== this.#last && !state.hasEnded) return endOf(state);
  };

  /** @returns A promise where a test client holds the task back; it has begun otherwise. */
  #runOne(state: TaskState): Promise<void> | undefined {
    if (state.hasEnded) return;
    const policy = policyOf(state, this.#options.defaults);
    let reason: unknown;
    try {
      reason = this.#whyNot(state, policy.runOn);
    } catch (error) {
      state.end("failed", error);
      return;
    }
    if (reason !== undefined) {
      state.end("discarded", reason);
      return;
    }
    const turn = this.#interception?.turn(state);
    if (turn !== undefined) {
      return turn.then(() => runTask(state, this, policy));
    }
    runTask(state, this, policy);
  }

  /** Why a task does not run, by its `runOn` or by `stopOnError`. */
  #whyNot(state: TaskState, runOn: RunOn | undefined): Error | undefined {
    const stopped = this.#stopped;
    if (stopped !== undefined && stopped.step !== state.step) {
      return new Error(
        `Task "${state.name}" was discarded: an earlier task failed and stopOnError is set`,
        { cause: stopped.cause },
      );
    }
    return runOnRefusal(state, runOn, this);
  }

  #reportError(state: TaskState): void {
    const { onTaskError, stopOnError } = this.#options;
    if (stopOnError) {
      this.#stopped ??= { cause: state.error, step: state.step };
    }
    const begun = reportTaskError(
      onTaskError,
      state.snapshot(),
      `Background task "${state.name}" ${state.status}:`,
    );
    if (begun === undefined) return;
    this.#ending++;
    this.#scheduler.hookBegins();
    begun.then(() => {
      this.#scheduler.hookEnds();
      this.#hooksEnded();
    });
  }

  /** Keeps a request that adds tasks for hours, such as an event stream, from growing. */
  #forgetEndedBefore(state: TaskState): void {
    let first = this.#first!;
    while (first !== state && first.hasEnded) {
      const { next } = first;
      first.next = undefined; // see `InFlight`
      first = next!;
    }
    this.#first = first;
  }

  #finish(): void {
    if (this.finished) return;
    this.finished = true;
    this.#deadline?.cancel();
    this.#scheduler.remove(this, this.#started);
  }
}

/** What the next step waits for: less than a promise, which would be one more for each task. */
function endOf(state: TaskState): PromiseLike<void> {
  const until = {
    then(goOn: () => void): void {
      if (state.hasEnded) goOn();
      else state.goOn = goOn;
    },
  };
  return until as PromiseLike<void>; // a chain of promises asks for nothing else
}

/** What goes to `onTaskError`. */
function isFailure(status: TaskStatus): boolean {
  return status === "failed" || status === "timed-out" || status === "expired";
}
