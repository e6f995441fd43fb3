import { formatCall } from "../check/format.ts";
import type { BackgroundTasks } from "../request/tasks.ts";
import type { RequestEvent, TaskEvent, Watcher } from "../runner/watchers.ts";
import type { BackgroundTask } from "../task/task.ts";
import type { TaskStatus } from "../task/task_run.ts";
import { stackOf, textOf } from "../check/thrown.ts";
import { SeenExchange } from "./seen_exchange.ts";

/** How many tasks the journal keeps: the newest. Older ones are forgotten. */
const KEPT_TASKS = 500;

/** How many tasks of one request it keeps, so that a request with many does not push out the others. */
const KEPT_OF_REQUEST = 100;

/** How many durations the percentiles are made of: those of the tasks that ended last. */
const KEPT_DURATIONS = 1_000;

/** Characters a kept text may have: names, messages and stacks of an app have no limit. */
const LONGEST_TEXT = 4_000;

/** A task that was seen: text and figures, so that nothing of the app is kept alive. */
export interface SeenTask {
  readonly number: number;
  readonly name: string;
  /** The call with its arguments, where that was opted in. */
  readonly call: string | undefined;
  readonly addedAt: number;
  status: TaskStatus;
  attempt: number;
  startedAt: number | undefined;
  endedAt: number | undefined;
  /** When attempts failed that were followed by another one. */
  readonly failedAt: number[];
  /** What the latest attempt threw, or why the task did not run. */
  error: string | undefined;
  /** The same with its stack, where it has one. */
  stack: string | undefined;
}

/** A request that was seen, with those of its tasks that are kept. */
export interface SeenRequest {
  readonly number: number;
  readonly addedAt: number;
  /** Its handler and its response; `undefined` for tasks without a request. */
  readonly exchange: SeenExchange | undefined;
  readonly tasks: SeenTask[];
  /** How many of its tasks were forgotten. */
  forgotten: number;
  /** The version of the journal that changed it last. */
  version: number;
}

/** Figures of all tasks since the journal was made. */
interface Totals {
  pending: number;
  running: number;
  succeeded: number;
  failed: number;
}

/** What has happened to the tasks of the process lately, in bounded memory. */
export class Journal implements Watcher {
  readonly totals: Totals = { pending: 0, running: 0, succeeded: 0, failed: 0 };
  /** Grows with every change. */
  version = 0;
  readonly #showArguments: boolean;
  readonly #tasks: { task: SeenTask; request: SeenRequest }[] = [];
  readonly #requests = new Map<object, SeenRequest>();
  /** The handler and the response of each request, by its tasks. */
  readonly #exchanges = new WeakMap<object, SeenExchange>();
  readonly #seen = new WeakMap<BackgroundTask, SeenTask>();
  readonly #durations: number[] = [];
  #ended = 0;
  #lastTask = 0;
  #lastRequest = 0;

  constructor(showArguments: boolean) {
    this.#showArguments = showArguments;
  }

  /** The requests whose tasks are kept, the newest first. */
  requests(): SeenRequest[] {
    return [...this.#requests.values()].reverse();
  }

  /** How long tasks ran: so many percent of the latest were at least that fast, in milliseconds. */
  percentile(percent: number): number | undefined {
    const sorted = this.#durations.toSorted((a, b) => a - b);
    return sorted[Math.ceil(sorted.length * percent / 100) - 1];
  }

  notify(event: TaskEvent, task: BackgroundTask): undefined {
    this.version++;
    if (event === "onAdd") this.#add(task);
    else this.#update(event, task);
  }

  requestBegins(tasks: object, request: Request | undefined): void {
    this.#exchanges.set(tasks, new SeenExchange(request, now(tasks)));
  }

  requestChanges(event: RequestEvent, tasks: object): void {
    const exchange = this.#exchanges.get(tasks);
    if (exchange === undefined) return;
    const { response } = tasks as BackgroundTasks;
    if (event === "sending") exchange.endIsWatched = true;
    else if (event === "responseEnded") {
      exchange.responseEndedAt = now(tasks);
      exchange.outcome = response.outcome;
    } else if (exchange.handledAt === undefined) {
      exchange.handledAt = now(tasks);
      exchange.status = response.status;
    }
    const request = this.#requests.get(tasks);
    if (request !== undefined) request.version = ++this.version;
  }

  #add(task: BackgroundTask): void {
    const seen: SeenTask = {
      number: ++this.#lastTask,
      name: cut(task.name),
      call: this.#showArguments
        ? cut(formatCall(task.name, task.args))
        : undefined,
      addedAt: task.addedAt,
      status: "waiting",
      attempt: 0,
      startedAt: undefined,
      endedAt: undefined,
      failedAt: [],
      error: undefined,
      stack: undefined,
    };
    this.#seen.set(task, seen);
    this.totals.pending++;
    const request = this.#requestOf(task);
    request.tasks.push(seen);
    request.version = this.version;
    this.#tasks.push({ task: seen, request });
    if (request.tasks.length > KEPT_OF_REQUEST) {
      this.#forget(request.tasks[0]!);
    } else if (this.#tasks.length > KEPT_TASKS) {
      this.#forget(this.#tasks[0]!.task);
    }
  }

  #update(event: TaskEvent, task: BackgroundTask): void {
    const seen = this.#seen.get(task);
    if (seen === undefined) return; // added before anybody watched
    const wasRunning = seen.status === "running";
    seen.status = task.status;
    seen.attempt = task.attempt;
    seen.startedAt = task.startedAt;
    seen.endedAt = task.endedAt;
    if (event === "onStart") this.totals.running++;
    if (event === "onRetry") {
      seen.failedAt.push(task.owner?.clock.now() ?? Date.now());
      seen.failedAt.splice(0, seen.failedAt.length - 20);
    }
    if (event === "onEnd") {
      this.#seen.delete(task);
      this.#end(seen, wasRunning);
    }
    seen.error = task.error === undefined ? undefined : cut(textOf(task.error));
    const stack = stackOf(task.error);
    seen.stack = stack && cut(stack);
    const request = this.#requests.get(keyOf(task));
    if (request !== undefined) request.version = this.version;
  }

  /** Takes a task from the figures that it was counted in, once. */
  #end({ status, startedAt, endedAt }: SeenTask, wasRunning: boolean): void {
    this.totals.pending--;
    if (wasRunning) this.totals.running--;
    if (status === "succeeded") this.totals.succeeded++;
    if (status === "failed" || status === "timed-out") this.totals.failed++;
    if (startedAt === undefined) return;
    const took = (endedAt ?? startedAt) - startedAt;
    this.#durations[this.#ended++ % KEPT_DURATIONS] = took;
  }

  #requestOf(task: BackgroundTask): SeenRequest {
    const key = keyOf(task);
    const known = this.#requests.get(key);
    if (known !== undefined) return known;
    const request: SeenRequest = {
      number: ++this.#lastRequest,
      addedAt: task.addedAt,
      exchange: this.#exchanges.get(key),
      tasks: [],
      forgotten: 0,
      version: this.version,
    };
    this.#requests.set(key, request);
    return request;
  }

  #forget(task: SeenTask): void {
    const at = this.#tasks.findIndex((kept) => kept.task === task);
    const [oldest] = this.#tasks.splice(at, 1);
    if (oldest === undefined) return;
    const { request } = oldest;
    request.tasks.splice(request.tasks.indexOf(task), 1);
    request.forgotten++;
    request.version = this.version;
    if (request.tasks.length > 0) return;
    for (const [key, value] of this.#requests) {
      if (value !== request) continue;
      this.#requests.delete(key);
      return; // it is among the first: requests are kept in the order of their first tasks
    }
  }
}

/** What the tasks of one request have in common. */
function keyOf(task: BackgroundTask): object {
  return task.owner ?? task;
}

function now(tasks: object): number {
  return (tasks as BackgroundTasks).clock.now();
}

/** A copy of a text, cut where it is long: a part of a text keeps the whole of it in memory. */
function cut(text: string): string {
  const shown = text.length > LONGEST_TEXT
    ? `${text.slice(0, LONGEST_TEXT)}…`
    : text;
  return JSON.parse(JSON.stringify(shown));
}
