import { TaskEnqueueError } from "../check/errors.ts";
import type { Interception } from "../request/interception.ts";
import type { TaskEvent } from "../runner/observer.ts";
import { messageOf } from "./messages.ts";
import type { TaskMessage, TaskQueue } from "./task_queue.ts";
import type { RequestRecord } from "../request/request_record.ts";
import { type RequestEnd, runOnRefusal } from "../request/request_end.ts";
import { policyOf } from "../task/attempt.ts";
import type { Scheduler } from "../runner/scheduler.ts";
import type { BackgroundTask } from "../task/task.ts";
import type { FullPolicy } from "../task/policy.ts";
import type { TaskOwner, TaskRun, TaskState } from "../task/task_state.ts";
import { reasonOf } from "../check/thrown.ts";

/** A durable task that waits for the handler to return. */
export interface Letter {
  readonly state: TaskState;
  readonly queue: TaskQueue;
  readonly message: TaskMessage;
}

/**
 * The durable tasks of one request, until their engines have them.
 *
 * For this process a task ends with the hand-over: `"succeeded"` once the engine has acknowledged
 * it, `"failed"` where it was refused. It never counts as pending: a runner has nothing to do with
 * it, and `drain()` nothing to wait for.
 */
export class Outbox implements TaskOwner {
  /** Whether the hand-over has begun: what came later would stay behind. */
  closed = false;
  /** The policy of tasks that have none of their own. */
  readonly defaults: FullPolicy;
  readonly record: RequestRecord | undefined;
  readonly #scheduler: Scheduler;
  readonly #interception: Interception | undefined;
  readonly #letters: Letter[] = [];

  constructor(
    defaults: FullPolicy,
    scheduler: Scheduler,
    interception: Interception | undefined,
    record: RequestRecord | undefined,
  ) {
    this.record = record;
    this.defaults = defaults;
    this.#scheduler = scheduler;
    this.#interception = interception;
  }

  /** How many tasks wait to be handed over. */
  get size(): number {
    return this.tasks().length;
  }

  /** The tasks that wait to be handed over, in the order they were added. */
  tasks(): BackgroundTask[] {
    return this.#waiting().map(({ state }) => state.task);
  }

  now(): number {
    return (this.#interception?.clock ?? this.#scheduler.clock).now();
  }

  /**
   * Writes the letters of durable tasks, all of them or none, and keeps nothing of them yet.
   *
   * @throws {TypeError} If an argument is not JSON, or an option is not supported.
   * @throws {RangeError} If a delay is too long or a message too large.
   */
  write(states: readonly TaskState[]): Letter[] {
    const now = this.now();
    return states.flatMap((state) => {
      const queue = state.definition?.queue;
      if (queue === undefined) return [];
      const message = messageOf(state, queue, this.defaults, now);
      return { state, queue, message };
    });
  }

  /** Takes the letters that were written. */
  post(letters: readonly Letter[]): void {
    for (const letter of letters) {
      letter.state.owner = this;
      letter.state.args = letter.message.args;
      letter.state.addedAt = letter.message.addedAt;
      this.#letters.push(letter);
    }
    for (const { state } of letters) {
      this.#notify("onAdd", state);
      state.added();
    }
  }

  get isWatched(): boolean {
    return this.#interception !== undefined || this.#scheduler.isWatched;
  }

  taskEnded(state: TaskState): void {
    this.#notify("onEnd", state);
  }

  /**
   * Hands the tasks over: one batch for each engine.
   *
   * @param end What became of the request; `runOn` is judged by it.
   * @param platform What the runtime handed over beside the request.
   * @throws {TaskEnqueueError} If an engine refused its batch.
   */
  async handOver(end: RequestEnd, platform: unknown): Promise<void> {
    this.closed = true;
    const letters = this.#waiting().filter((letter) => this.#runs(letter, end));
    const [judged] = this.lost();
    if (judged !== undefined) { // a predicate threw: nothing of the request is handed over
      for (const { state } of letters) state.end("failed", judged.error);
      throw judged.error;
    }
    const batches = new Map<TaskQueue, Letter[]>();
    for (const letter of letters) {
      const batch = batches.get(letter.queue);
      if (batch === undefined) batches.set(letter.queue, [letter]);
      else batch.push(letter);
    }
    const refusals = (await Promise.all(
      [...batches].map(([queue, batch]) => send(queue, batch, platform)),
    )).filter((refusal) => refusal !== undefined);
    if (refusals.length > 0) throw ofAll(refusals, batches.size);
  }

  /** The tasks that no engine took, or not for certain. */
  lost(): TaskRun[] {
    return this.#letters.filter(({ state }) => state.status === "failed")
      .map(({ state }) => state.snapshot());
  }

  #notify(event: TaskEvent, state: TaskState): void {
    this.#interception?.notify(event, state);
    this.#scheduler.notify(event, state);
  }

  #waiting(): Letter[] {
    return this.#letters.filter(({ state }) => !state.hasEnded);
  }

  /** Judges a task by its `runOn`. A predicate that throws has lost the task: that is a refusal. */
  #runs({ state, queue }: Letter, end: RequestEnd): boolean {
    try {
      const { runOn } = policyOf(state, this.defaults);
      const reason = runOnRefusal(state, runOn, end);
      if (reason === undefined) return true;
      state.end("discarded", reason);
    } catch (cause) {
      state.end(
        "failed",
        new TaskEnqueueError(
          state.name,
          queue.name,
          "not-queued",
          "its runOn predicate failed",
          { cause },
        ),
      );
    }
    return false;
  }
}

/** Whether a task belongs to an engine. */
export function isDurable({ definition }: TaskState): boolean {
  return definition?.queue !== undefined;
}

/** Hands one batch over, and ends its tasks. Never rejects: it returns the refusal. */
async function send(
  queue: TaskQueue,
  letters: readonly Letter[],
  platform: unknown,
): Promise<TaskEnqueueError | undefined> {
  const messages = letters.map(({ message }) => message);
  try {
    await queue.enqueue(messages, { platform });
    for (const { state } of letters) state.end("succeeded");
  } catch (error) {
    const refusal = refusalOf(error, queue, messages);
    for (const { state } of letters) state.end("failed", refusal);
    return refusal;
  }
}

/** The error of a request: only where no engine may have any of its tasks, it can be sent again. */
function ofAll(
  refusals: readonly TaskEnqueueError[],
  batches: number,
): TaskEnqueueError {
  const unknown = refusals.find(({ outcome }) => outcome === "unknown");
  const refusal = unknown ?? refusals[0]!;
  if (unknown !== undefined || refusals.length === batches) return refusal;
  return new TaskEnqueueError(
    refusal.task,
    refusal.queue,
    "unknown",
    "it was refused, but other durable tasks of the request are queued",
    { cause: refusal },
  );
}

/** Only a queue that says so is certain: any other error leaves open what the engine did. */
function refusalOf(
  error: unknown,
  queue: TaskQueue,
  [first]: readonly TaskMessage[],
): TaskEnqueueError {
  if (error instanceof TaskEnqueueError) return error;
  return new TaskEnqueueError(
    first?.task ?? "",
    queue.name,
    "unknown",
    reasonOf(error),
    { cause: error },
  );
}
