import { checkKeys, describeValue } from "./check.ts";
import { type Interception, interceptionOf } from "./interception.ts";
import {
  type BackgroundTasksOptions,
  type CheckedOptions,
  checkOptions,
} from "./options.ts";
import { BackgroundTasksClosedError } from "./errors.ts";
import { type Entry, isDurable, Outbox } from "./outbox.ts";
import { responseEnd } from "./response_end.ts";
import { BackgroundTask, type OverloadArguments, stateOf } from "./task.ts";
import {
  checkInProcess,
  checkTaskOptions,
  type ResponseOutcome,
  type TaskOptions,
} from "./task_options.ts";
import { schedulerOf } from "./task_runner.ts";
import { TaskSequence } from "./task_sequence.ts";
import type { TaskFunction } from "./task_state.ts";
import { keepAlive, resolveWaitUntil, type WaitUntil } from "./wait_until.ts";

/** What adds tasks to a request: the queue itself, or a view of it with a policy. */
export interface TaskAdder {
  /** See {@linkcode BackgroundTasks.addTask}. */
  addTask(task: BackgroundTask): BackgroundTask;
  /** See {@linkcode BackgroundTasks.addTask}. */
  addTask<Args extends readonly unknown[]>(
    fn: (...args: Args) => unknown,
    ...args: Args
  ): BackgroundTask;
  /** See {@linkcode BackgroundTasks.addTask}. */
  addTask<Fn extends (...args: never[]) => unknown>(
    fn: Fn,
    ...args: OverloadArguments<Fn>
  ): BackgroundTask;
  /** See {@linkcode BackgroundTasks.addGroup}. */
  addGroup(...tasks: readonly BackgroundTask[]): void;
  /** See {@linkcode BackgroundTasks.with}. */
  with(options: TaskOptions): TaskAdder;
}

/** What `runAfter` wants to know of the request. */
export interface RunAfterContext {
  /** The request the response answers. */
  readonly request?: Request;
  /**
   * Keeps the platform alive until the tasks have ended: `(promise) => ctx.waitUntil(promise)`.
   *
   * @default {undefined} (the runner of the process keeps the work)
   */
  readonly waitUntil?: WaitUntil;
  /**
   * What the runtime handed to the fetch handler beside the request: Deno's info, Bun's server,
   * Workers' env, Node's `{ incoming, outgoing }`.
   */
  readonly platform?: unknown;
}

/** The request a queue belongs to, as a front door knows it. */
export interface Host {
  readonly request: Request | undefined;
  readonly platform: unknown;
  /** The execution context, where there is one; looked up when the first task is added. */
  readonly executionContext: unknown;
  /** What the handler threw, if it did. */
  readonly failure: { readonly cause: unknown } | undefined;
}

let createForHost: (options: CheckedOptions, host: Host) => BackgroundTasks;
let joinHost: (tasks: BackgroundTasks, host: Host) => void;
let handOverQueue: (
  tasks: BackgroundTasks,
  response: Response | undefined,
) => Promise<void> | undefined;
let settleQueue: (
  tasks: BackgroundTasks,
  response: Response | undefined,
) => Response | undefined;

const DEFAULT_OPTIONS: CheckedOptions = checkOptions({});

/**
 * The background tasks of one request: they run after its response, one after another, in the
 * order they were added.
 *
 * The middleware and the wrapper make one for each request. Make one yourself where there is
 * neither, and call {@linkcode BackgroundTasks.runAfter}.
 *
 * @example Run a task after a response
 * ```ts
 * import { BackgroundTasks, drain } from "@postlude/background-tasks";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: string[] = [];
 * async function sendEmail(to: string, subject: string): Promise<void> {
 *   await Promise.resolve();
 *   sent.push(`${subject} -> ${to}`);
 * }
 *
 * function handler(request: Request): Response {
 *   const tasks = new BackgroundTasks();
 *   tasks.addTask(sendEmail, "ada@example.com", "Welcome!");
 *   return tasks.runAfter(new Response("ok"), { request });
 * }
 *
 * const response = handler(new Request("https://example.com/signup"));
 * assertEquals(await response.text(), "ok");
 * await drain();
 * assertEquals(sent, ["Welcome! -> ada@example.com"]);
 * ```
 */
export class BackgroundTasks implements TaskAdder, Iterable<BackgroundTask> {
  #options: CheckedOptions;
  #host: Host | undefined = undefined;
  #sequence: TaskSequence | undefined = undefined;
  #outbox: Outbox | undefined = undefined;
  #settled = false;
  #interception: Interception | undefined = undefined;

  static {
    createForHost = (options, host) => {
      const tasks = new BackgroundTasks();
      tasks.#options = options;
      tasks.#host = host;
      tasks.#interception = interceptionOf(host);
      return tasks;
    };
    joinHost = (tasks, host) => {
      if (tasks.#host !== undefined) {
        tasks.#host = new JoinedHost(tasks.#host, host);
      }
    };
    handOverQueue = (tasks, response) => tasks.#handOver(response);
    settleQueue = (tasks, response) => tasks.#settle(response);
  }

  /**
   * Creates the tasks of one request.
   *
   * @param options Their defaults and hooks.
   * @throws {TypeError} If an option is unknown or of the wrong kind.
   * @throws {RangeError} If an option is out of range.
   */
  constructor(options?: BackgroundTasksOptions) {
    this.#options = options === undefined
      ? DEFAULT_OPTIONS
      : checkOptions(options);
  }

  /** How many tasks wait or run. */
  get size(): number {
    return (this.#outbox?.size ?? 0) + (this.#sequence?.size ?? 0);
  }

  /**
   * The tasks that wait or run, in the order they were added; durable ones first, because they are
   * handed over before the others run.
   */
  [Symbol.iterator](): Iterator<BackgroundTask> {
    return [
      ...this.#outbox?.tasks() ?? [],
      ...this.#sequence?.tasks() ?? [],
    ].values();
  }

  /**
   * Adds a task that was made before, by `task(fn, ...args)`.
   *
   * A task runs once: one that was added to these tasks already stays where it is. So what
   * `addTask` returns may be handed on to whatever adds tasks.
   *
   * @param task The task.
   * @returns The same task.
   * @throws {TypeError} If it was added to the tasks of another request.
   * @throws {BackgroundTasksClosedError} If the tasks of the request have finished.
   * @throws {TaskQueueFullError} If the runner holds `maxPending` tasks.
   */
  addTask(task: BackgroundTask): BackgroundTask;
  /**
   * Adds a task: `fn(...args)` runs after the response, when the tasks added before have ended.
   *
   * Whatever it returns is awaited. What it throws goes to `onTaskError`, and the next task runs.
   * It sees the `AsyncLocalStorage` stores of this call.
   *
   * @typeParam Args The function's parameters.
   * @param fn What to run: a function, or a task made by `defineTask`.
   * @param args What to call it with.
   * @returns The task: its state, and the way to cancel it.
   * @throws {TypeError} If `fn` is not a function, above all if it is a promise.
   * @throws {BackgroundTasksClosedError} If the tasks of the request have finished.
   * @throws {TaskQueueFullError} If the runner holds `maxPending` tasks.
   */
  addTask<Args extends readonly unknown[]>(
    fn: (...args: Args) => unknown,
    ...args: Args
  ): BackgroundTask;
  /**
   * Adds a task of an overloaded function.
   *
   * @typeParam Fn The function, with its overloads.
   * @param fn What to run.
   * @param args What to call it with: the parameters of one of its overloads.
   * @returns The task: its state, and the way to cancel it.
   * @throws {TypeError} If `fn` is not a function, above all if it is a promise.
   * @throws {BackgroundTasksClosedError} If the tasks of the request have finished.
   * @throws {TaskQueueFullError} If the runner holds `maxPending` tasks.
   */
  addTask<Fn extends (...args: never[]) => unknown>(
    fn: Fn,
    ...args: OverloadArguments<Fn>
  ): BackgroundTask;
  addTask(
    fn: TaskFunction | BackgroundTask,
    ...args: unknown[]
  ): BackgroundTask {
    const task = taskOf(fn, args);
    const { owner } = stateOf(task);
    if (
      owner === undefined ||
      (owner !== this.#sequence && owner !== this.#outbox)
    ) {
      this.#add([task], undefined);
    }
    return task;
  }

  /**
   * Adds several tasks as one step: they run at once, and the next step waits for all of them.
   *
   * @param tasks The tasks, made by `task(fn, ...args)`.
   * @throws {TypeError} If one is not a task, or was added before.
   * @throws {BackgroundTasksClosedError} If the tasks of the request have finished.
   * @throws {TaskQueueFullError} If the runner would hold more than `maxPending` tasks.
   */
  addGroup(...tasks: readonly BackgroundTask[]): void {
    this.#add(tasks, undefined);
  }

  /**
   * A view of these tasks that gives what is added through it a policy.
   *
   * @example A task that runs whatever the handler did
   * ```ts
   * import { BackgroundTasks } from "@postlude/background-tasks";
   *
   * const audit = (userId: string, action: string) => console.log(userId, action);
   * const tasks = new BackgroundTasks();
   * tasks.with({ runOn: "always", timeout: 1_000 }).addTask(audit, "42", "login-failed");
   * ```
   *
   * @param options The policy. It wins over `defineTask` and the middleware, option by option.
   * @returns The view.
   * @throws {TypeError} If an option is unknown or of the wrong kind.
   * @throws {RangeError} If an option is out of range.
   */
  with(options: TaskOptions): TaskAdder {
    return new PolicyView((tasks, policy) => this.#add(tasks, policy), options);
  }

  /**
   * Runs the tasks after a response. Call it once, with what the handler returns.
   *
   * @param response The response to return.
   * @param context What is known of the request.
   * @returns The response to return instead. It is the same object wherever the runtime can tell
   * when it has ended, and always where no task was added.
   * @throws {TypeError} If the response is none, an option is of the wrong kind, or the tasks run
   * after another response already.
   */
  runAfter(response: Response, context: RunAfterContext = {}): Response {
    if (typeof response?.status !== "number") {
      throw new TypeError(
        `Cannot run tasks after ${
          describeValue(response)
        }: write runAfter(response, { request })`,
      );
    }
    checkKeys("runAfter option", context, ["request", "waitUntil", "platform"]);
    if (this.#host !== undefined) {
      throw new TypeError(
        "Cannot run tasks after this response: they run after another one, or a middleware does it",
      );
    }
    const { request, waitUntil, platform } = context;
    if (waitUntil !== undefined) {
      resolveWaitUntil({ waitUntil });
      this.#options = { ...this.#options, waitUntil };
    }
    this.#host = {
      request,
      platform,
      executionContext: undefined,
      failure: undefined,
    };
    this.#interception = interceptionOf(this.#host);
    if (this.#sequence !== undefined) {
      if (this.#interception !== undefined) {
        this.#sequence.intercept(this.#interception);
      }
      this.#keepAlive(this.#sequence, this.#host);
    }
    return this.#settle(response) ?? response;
  }

  #add(
    tasks: readonly BackgroundTask[],
    options: TaskOptions | undefined,
  ): void {
    for (const [index, task] of tasks.entries()) {
      if (!(task instanceof BackgroundTask)) {
        throw new TypeError(
          `Cannot add ${
            describeValue(task)
          } to a group: write addGroup(task(fn, ...args), …)`,
        );
      }
      if (stateOf(task).owner !== undefined || tasks.indexOf(task) !== index) {
        throw new TypeError(
          `Cannot add task "${task.name}": it was added before; write task(fn, ...args) for another`,
        );
      }
    }
    if (tasks.length === 0) return;
    const addedAfterFailure = this.#host?.failure !== undefined;
    const entries = tasks.map((task) => {
      const state = stateOf(task);
      state.options = options;
      state.addedAfterFailure = addedAfterFailure;
      return { task, state };
    });
    const others = entries.filter((entry) => !isDurable(entry));
    for (const { state } of others) checkInProcess(state.name, options);
    if (others.length < entries.length) {
      this.#addDurable(entries.filter(isDurable));
    }
    if (others.length > 0) this.#addStep(others);
  }

  /** Durable tasks wait for the handler to return, and go to their engines together. */
  #addDurable(entries: readonly Entry[]): void {
    const name = entries[0]?.state.name ?? "";
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
      schedulerOf(this.#interception?.runner ?? this.#options.runner),
      this.#interception,
    );
    this.#outbox.add(entries);
  }

  /** The handler has returned or thrown: the durable tasks go to their engines, once. */
  #handOver(response: Response | undefined): Promise<void> | undefined {
    const outbox = this.#outbox;
    if (outbox === undefined || outbox.closed) return;
    const failure = this.#host?.failure;
    return outbox.handOver({
      outcome: failure === undefined ? "success" : "failure",
      failure: failure?.cause,
      response: { status: response?.status, outcome: "unknown" },
    }, this.#host?.platform);
  }

  #addStep(entries: readonly Entry[]): void {
    const host = this.#host;
    const sequence = this.#sequence ?? this.#createSequence();
    sequence.add(entries);
    const { strict } = this.#options;
    if (strict !== undefined) {
      for (const { state } of entries) strict.check(state.name, state.args);
    }
    if (this.#sequence !== undefined) return;
    this.#sequence = sequence;
    if (host === undefined) return;
    this.#keepAlive(sequence, host);
    if (this.#settled) this.#runAfterEnd(sequence, host, undefined);
  }

  #createSequence(): TaskSequence {
    const interception = this.#interception;
    const runner = interception?.runner ?? this.#options.runner;
    const sequence = new TaskSequence(this.#options, schedulerOf(runner));
    if (interception !== undefined) sequence.intercept(interception);
    return sequence;
  }

  /** The handler has returned a response, or thrown. */
  #settle(response: Response | undefined): Response | undefined {
    this.#settled = true;
    if (this.#sequence === undefined || this.#host === undefined) {
      return response;
    }
    return this.#runAfterEnd(this.#sequence, this.#host, response);
  }

  #runAfterEnd(
    sequence: TaskSequence,
    host: Host,
    response: Response | undefined,
  ): Response | undefined {
    const { request, platform, failure } = host;
    const { exactEnd } = this.#options;
    sequence.settle(
      failure === undefined ? "success" : "failure",
      failure?.cause,
      response?.status,
    );
    const exchange = { request, platform, response, exactEnd };
    const ended = (outcome: ResponseOutcome): void =>
      sequence.responseEnded(outcome);
    return this.#interception === undefined
      ? responseEnd(exchange, ended)
      : this.#interception.responseEnd(exchange, ended);
  }

  /** Gives the platform the one promise of this request. */
  #keepAlive(sequence: TaskSequence, host: Host): void {
    if (this.#interception?.runner !== undefined) return;
    const { waitUntil, runner, deadline } = this.#options;
    const { executionContext, request, platform } = host;
    const hints = { waitUntil, executionContext, request, platform };
    const resolved = resolveWaitUntil(hints);
    const lifetime = deadline ?? resolved.lifetime;
    sequence.limitTime({ deadline: resolved.deadline, lifetime });
    schedulerOf(runner).platform = keepAlive(
      resolved,
      () => sequence.whenDone(),
    );
  }
}

/** The queues that `withBackgroundTasks` made, for whatever handles the same request inside it. */
const queues = new WeakMap<Request, BackgroundTasks>();

/** A request that two front doors see: the inner one may catch what the handler threw. */
class JoinedHost implements Host {
  readonly request: Request | undefined;
  readonly platform: unknown;
  readonly #outer: Host;
  readonly #inner: Host;

  constructor(outer: Host, inner: Host) {
    this.request = outer.request;
    this.platform = outer.platform;
    this.#outer = outer;
    this.#inner = inner;
  }

  get executionContext(): unknown {
    return this.#outer.executionContext ?? this.#inner.executionContext;
  }

  get failure(): { readonly cause: unknown } | undefined {
    return this.#outer.failure ?? this.#inner.failure;
  }
}

/** The task to add: one made now, or the one that was made before. */
function taskOf(
  fn: TaskFunction | BackgroundTask,
  args: readonly unknown[],
): BackgroundTask {
  if (!(fn instanceof BackgroundTask)) {
    return new BackgroundTask(fn, ...args as never[]);
  }
  if (args.length === 0) return fn;
  throw new TypeError(
    `Cannot add task "${fn.name}" with arguments: it has its own; write addTask(fn, ...args)`,
  );
}

/** Adds to a queue with a policy of its own. */
class PolicyView implements TaskAdder {
  readonly #add: (
    tasks: readonly BackgroundTask[],
    options: TaskOptions,
  ) => void;
  readonly #options: TaskOptions;

  constructor(
    add: (tasks: readonly BackgroundTask[], options: TaskOptions) => void,
    options: TaskOptions,
  ) {
    checkTaskOptions(options);
    this.#add = add;
    this.#options = { ...options };
  }

  addTask(
    fn: TaskFunction | BackgroundTask,
    ...args: unknown[]
  ): BackgroundTask {
    const task = taskOf(fn, args);
    this.#add([task], this.#options);
    return task;
  }

  addGroup(...tasks: readonly BackgroundTask[]): void {
    this.#add(tasks, this.#options);
  }

  with(options: TaskOptions): TaskAdder {
    checkTaskOptions(options);
    return new PolicyView(this.#add, { ...this.#options, ...options });
  }
}

/**
 * Finds the queue that a wrapper further out made for a request, and joins it: a request has one.
 *
 * @param host The request, as the inner front door knows it.
 * @returns The queue, or `undefined` where there is none.
 */
export function joinTasks(host: Host): BackgroundTasks | undefined {
  const tasks = host.request && queues.get(host.request);
  if (tasks !== undefined) joinHost(tasks, host);
  return tasks;
}

/**
 * Lets front doors further in find the queue of a request, until {@linkcode unshareTasks}.
 *
 * @param request The request.
 * @param tasks Its queue.
 */
export function shareTasks(request: Request, tasks: BackgroundTasks): void {
  queues.set(request, tasks);
}

/**
 * Ends {@linkcode shareTasks}: the same `Request` may be handled again, as another request.
 *
 * @param request The request.
 */
export function unshareTasks(request: Request): void {
  queues.delete(request);
}

/**
 * Creates the queue of a request for a front door, which has checked the options already.
 *
 * @param options The options its requests share.
 * @param host The request.
 * @returns The queue.
 */
export function createTasks(
  options: CheckedOptions,
  host: Host,
): BackgroundTasks {
  return createForHost(options, host);
}

/**
 * Hands the durable tasks of a request to their engines, before the response leaves.
 *
 * @param tasks The queue, whose handler has returned.
 * @param response What it returned.
 * @returns A promise of the engines' acknowledgement, which rejects with `TaskEnqueueError`;
 * nothing for a request without durable tasks, which goes on at once.
 */
export function handOverTasks(
  tasks: BackgroundTasks,
  response: Response | undefined,
): Promise<void> | undefined {
  return handOverQueue(tasks, response);
}

/**
 * Tells a queue that its handler has thrown, or that an engine has refused: `host.failure` says
 * what. That error is on its way out, so a refusal on top of it is only reported.
 *
 * @param tasks The queue.
 * @returns A promise for the durable tasks that run even so; nothing where there are none.
 */
export function failTasks(tasks: BackgroundTasks): Promise<void> | undefined {
  const settle = (): void => void settleQueue(tasks, undefined);
  const handedOver = handOverQueue(tasks, undefined);
  if (handedOver === undefined) {
    settle();
    return;
  }
  return handedOver.catch((refusal) =>
    console.error("Background tasks: a durable task was lost:", refusal)
  ).then(settle);
}

/**
 * Tells a queue that its handler has returned or thrown: `host.failure` says which.
 *
 * @param tasks The queue.
 * @param response The response, or `undefined` where the handler threw.
 * @returns The response to return instead.
 */
export function settleTasks(
  tasks: BackgroundTasks,
  response: Response | undefined,
): Response | undefined {
  return settleQueue(tasks, response);
}
