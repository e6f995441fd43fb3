import { BackgroundTasksClosedError } from "../check/errors.ts";
import { type Host, joinHosts } from "./request_context.ts";
import { type Interception, interceptionOf } from "./interception.ts";
import type { CheckedOptions } from "./options.ts";
import { isDurable, type Letter, Outbox } from "../queues/outbox.ts";
import type { TimeLimit, WaitUntil } from "../wait_until/wait_until_source.ts";
import { recordOf, type RequestRecord } from "./request_record.ts";
import { responseEnd } from "../response_end/response_end.ts";
import type { Scheduler } from "../runner/scheduler.ts";
import { addedBefore } from "./step.ts";
import type { BackgroundTask } from "../task/task.ts";
import { reportTaskError } from "../task/task_error.ts";
import { checkInProcess, type TaskOptions } from "../task/policy.ts";
import { schedulerOf } from "../runner/task_runner.ts";
import { TaskSequence } from "./sequence.ts";
import type { TaskState } from "../task/task_state.ts";
import {
  checkWaitUntil,
  findWaitUntil,
  keepAlive,
} from "../wait_until/resolve_wait_until.ts";

/**
 * What a `BackgroundTasks` does: it sorts the tasks of one request into those that run here, a
 * `TaskSequence`, and those that go to an engine, an `Outbox`, and brings them together with the
 * platform. Neither exists before somebody adds a task.
 */
export class RequestTasks {
  #options: CheckedOptions;
  #host: Host | undefined = undefined;
  #sequence: TaskSequence | undefined = undefined;
  #outbox: Outbox | undefined = undefined;
  #settled = false;
  /** The response of a request without tasks: one that is added later waits for its end. */
  #left: Response | undefined = undefined;
  #interception: Interception | undefined = undefined;
  /** What watchers may know of the request, where there are any. */
  readonly #record: RequestRecord | undefined;

  constructor(options: CheckedOptions, host: Host | undefined) {
    this.#options = options;
    this.#record = recordOf(options.scheduler);
    if (host !== undefined) this.#setHost(host);
  }

  /** How many tasks wait or run. */
  get size(): number {
    return (this.#outbox?.size ?? 0) + (this.#sequence?.size ?? 0);
  }

  /** The tasks that wait or run: durable ones, then the others, each in the order they were added. */
  tasks(): BackgroundTask[] {
    return [
      ...this.#outbox?.tasks() ?? [],
      ...this.#sequence?.tasks() ?? [],
    ];
  }

  /** Whether a task was added here. */
  has({ owner }: TaskState): boolean {
    return owner !== undefined &&
      (owner === this.#sequence || owner === this.#outbox);
  }

  /** A second front door, further in, handles the same request: it may catch what is thrown. */
  join(host: Host): void {
    if (this.#host !== undefined) this.#host = joinHosts(this.#host, host);
  }

  /**
   * Gives the tasks their request, where no front door did when it made them.
   *
   * @throws {TypeError} If they have one.
   */
  attach(host: Host, waitUntil: WaitUntil | undefined): void {
    if (this.#host !== undefined) {
      throw new TypeError(
        "Cannot run tasks after this response: they run after another one, or a middleware does it",
      );
    }
    if (waitUntil !== undefined) {
      checkWaitUntil(waitUntil);
      this.#options = { ...this.#options, waitUntil };
    }
    this.#setHost(host);
    if (this.#sequence === undefined) return;
    if (this.#interception !== undefined) {
      this.#sequence.intercept(this.#interception);
    }
    this.#keepAlive(this.#sequence, host);
  }

  /**
   * Adds a task.
   *
   * @throws {TypeError} If it was added before.
   * @throws {BackgroundTasksClosedError} If the tasks of the request have finished.
   * @throws {TaskQueueFullError} If the runner holds `maxPending` tasks.
   */
  add(state: TaskState, options: TaskOptions | undefined): void {
    if (isDurable(state)) return this.addGroup([state], options);
    if (state.owner !== undefined) throw addedBefore(state.name);
    this.#prepare(state, options);
    this.#roomFor(state, 1).add(state);
    this.#options.strict?.check(state.name, state.args);
  }

  /**
   * Adds several tasks as one step: they run at once.
   *
   * @throws {TypeError} If one was added before.
   * @throws {BackgroundTasksClosedError} If the tasks of the request have finished.
   * @throws {TaskQueueFullError} If the runner would hold more than `maxPending` tasks.
   */
  addGroup(
    states: readonly TaskState[],
    options: TaskOptions | undefined,
  ): void {
    for (const state of states) {
      if (state.owner !== undefined) throw addedBefore(state.name);
    }
    for (const state of states) this.#prepare(state, options);
    // what may be refused comes first, so that a step is taken as a whole or not at all
    const durable = states.filter(isDurable);
    const letters = durable.length > 0 ? this.#write(durable) : [];
    const others = states.filter((state) => !isDurable(state));
    if (others.length > 0) {
      this.#roomFor(others[0]!, others.length).addGroup(others);
      others.forEach(({ name, args }) =>
        this.#options.strict?.check(name, args)
      );
    }
    this.#outbox?.post(letters);
  }

  #prepare(state: TaskState, options: TaskOptions | undefined): void {
    state.options = options;
    state.addedAfterFailure = this.#host?.failure !== undefined;
    if (options !== undefined && !isDurable(state)) {
      checkInProcess(state.name, options);
    }
  }

  #setHost(host: Host): void {
    this.#host = host;
    this.#interception = interceptionOf(host);
    this.#record?.describe(host.request);
  }

  /** Durable tasks wait for the handler to return, and go to their engines together. */
  #write(states: readonly TaskState[]): Letter[] {
    const name = states[0]?.name ?? "";
    if (this.#host === undefined) {
      throw new TypeError(
        `Cannot add durable task "${name}": runAfter() returns at once, and cannot wait until its ` +
          "queue has it; use backgroundTasks() or withBackgroundTasks()",
      );
    }
    if (this.#settled || this.#outbox?.closed) {
      throw new BackgroundTasksClosedError(
        name,
        "the durable tasks of this request were handed over when the handler returned; add it " +
          "before that",
      );
    }
    this.#outbox ??= new Outbox(
      this.#options.defaults,
      this.#scheduler,
      this.#interception,
      this.#record,
    );
    return this.#outbox.write(states);
  }

  /**
   * The handler has returned or thrown: hands the durable tasks to their engines, once, before the
   * response leaves.
   *
   * @returns A promise of the engines' acknowledgement, which rejects with `TaskEnqueueError`;
   * nothing for a request without durable tasks, which goes on at once.
   */
  handOver(response: Response | undefined): Promise<void> | undefined {
    const outbox = this.#outbox;
    if (outbox === undefined || outbox.closed) return;
    const failure = this.#host?.failure;
    return outbox.handOver({
      outcome: failure === undefined ? "success" : "failure",
      failure: failure?.cause,
      response: { status: response?.status, outcome: "unknown" },
    }, this.#host?.platform);
  }

  /** The sequence, which has begun and has room for tasks. */
  #roomFor(first: TaskState, count: number): TaskSequence {
    const sequence = this.#sequence ?? this.#createSequence();
    sequence.makeRoom(first, count);
    if (this.#sequence === undefined) this.#begin(sequence);
    return sequence;
  }

  /** There is room for the first task. */
  #begin(sequence: TaskSequence): void {
    const host = this.#host;
    this.#sequence = sequence;
    if (host === undefined) return;
    this.#keepAlive(sequence, host);
    if (this.#settled) this.#runAfterEnd(sequence, host, this.#left, true);
  }

  #createSequence(): TaskSequence {
    const interception = this.#interception;
    const sequence = new TaskSequence(
      this.#options,
      this.#scheduler,
      this.#record,
    );
    if (interception !== undefined) sequence.intercept(interception);
    return sequence;
  }

  /** Whoever executes the tasks: a test client may bring a runner of its own. */
  get #scheduler(): Scheduler {
    const runner = this.#interception?.runner;
    return runner === undefined ? this.#options.scheduler : schedulerOf(runner);
  }

  /**
   * The handler has thrown, or an engine has refused: `host.failure` says what. That error is on
   * its way out, so a refusal on top of it is only reported.
   *
   * @param error That error.
   * @param dropped The response that it takes the place of.
   * @returns A promise for the durable tasks that run even so; nothing where there are none.
   */
  fail(
    error: unknown,
    dropped: Response | undefined,
  ): Promise<void> | undefined {
    dropped?.body?.cancel(error).catch(() => {});
    const handedOver = this.handOver(undefined);
    if (handedOver === undefined) {
      this.settle(undefined);
      return;
    }
    return handedOver.catch(() => this.#reportLost())
      .then(() => void this.settle(undefined));
  }

  #reportLost(): void {
    for (const run of this.#outbox?.lost() ?? []) {
      reportTaskError(
        this.#options.onTaskError,
        run,
        `Durable task "${run.name}" was lost:`,
      );
    }
  }

  /**
   * The handler has settled; `host.failure` says how. The tasks start when the response has ended.
   *
   * @param response The response, or `undefined` where the handler threw.
   * @returns The response to return instead.
   */
  settle(response: Response | undefined): Response | undefined {
    this.#settled = true;
    this.#record?.handled(response?.status);
    if (this.#sequence === undefined || this.#host === undefined) {
      this.#left = response;
      return response;
    }
    return this.#runAfterEnd(this.#sequence, this.#host, response, false);
  }

  #runAfterEnd(
    sequence: TaskSequence,
    host: Host,
    response: Response | undefined,
    hasLeft: boolean,
  ): Response | undefined {
    const { request, platform, failure } = host;
    const { exactEnd } = this.#options;
    sequence.settle(
      failure === undefined ? "success" : "failure",
      failure?.cause,
      response?.status,
    );
    const exchange = { request, response, exactEnd, hasLeft };
    // the sequence holds neither host nor response: they would outlive a collection of young objects
    return this.#interception === undefined
      ? responseEnd(sequence, exchange, platform)
      : this.#interception.responseEnd(sequence, exchange);
  }

  /** Gives the platform the one promise of this request. */
  #keepAlive(sequence: TaskSequence, host: Host): void {
    if (this.#interception?.runner !== undefined) return;
    const { waitUntil, scheduler, deadline } = this.#options;
    const resolved = findWaitUntil(waitUntil, host);
    // a test client is no platform: only the limit that the app itself states applies
    const limit: TimeLimit = this.#interception === undefined ? resolved : {};
    sequence.limitTime(limit.deadline, deadline ?? limit.lifetime);
    const source = keepAlive(resolved, sequence);
    scheduler.platform = source;
    this.#options.strict?.log(source);
  }
}
