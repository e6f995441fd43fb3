import { writeError } from "../check/thrown.ts";
import { waitForTurn } from "../response_end/turn.ts";
import type { DrainReport } from "../runner/drain_report.ts";
import type { TaskOptions } from "../task/policy.ts";
import type { BackgroundTask } from "../task/task.ts";
import type { TaskRun } from "../task/task_run.ts";
import { type BackgroundTasksOptions, readOptions } from "./options.ts";
import {
  type Attached,
  readRun,
  readRunAfter,
  type RunAfterContext,
  type RunContext,
} from "./run_after.ts";
import { checkPromise, runElsewhere } from "./check_added.ts";
import { BackgroundTasks as Tasks } from "./tasks.ts";

const DEFAULT_OPTIONS = /* @__PURE__ */ readOptions({});

/**
 * Tasks that a user makes without a front door. Until `runAfter()` or `run()` nothing of them counts
 * anywhere: they hold no place and no shutdown, and nobody is told of them.
 */
export class BackgroundTasks extends Tasks {
  /** The tasks so far, in order; `undefined` once they run. */
  #early: BackgroundTask[] | undefined = [];
  readonly #earlyPromises: (() => void)[] = [];
  #report: Report | undefined;
  #whenOver: (() => void) | undefined = undefined;

  constructor(options?: BackgroundTasksOptions) {
    super(
      options === undefined ? DEFAULT_OPTIONS : readOptions(options),
    );
  }

  /** `instanceof BackgroundTasks` also holds for the tasks of a front door. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Tasks;
  }

  override runAfter(response: Response, context?: RunAfterContext): Response {
    this.#attach(readRunAfter(response, context));
    return this.settle(response) ?? response;
  }

  override async run(context?: RunContext): Promise<DrainReport> {
    const attached = readRun(context);
    if (this.#early === undefined) throw runElsewhere();
    const report = this.#report = { finished: 0, failed: 0, abandoned: [] };
    this.settleWithout();
    this.#attach(attached);
    const work = this.workOf();
    // the limit of a platform counts from a response, that of the app from here
    if (this.options.deadline) work.responseEnded();
    waitForTurn(1, this); // without work, too: tasks added later start anew
    if (work.isBusy) {
      await new Promise<void>((resolve) => this.#whenOver = resolve);
    }
    return report;
  }

  override keep(options: TaskOptions | undefined, promise: unknown): void {
    if (this.#early === undefined) return super.keep(options, promise);
    checkPromise(promise);
    // `then` is called once: a lazy thenable does its work at each call
    const kept = Promise.resolve(promise);
    kept.catch((error) => {
      if (this.#early === undefined) return;
      const text = "Background tasks: a promise of waitUntil() was rejected:";
      writeError(text, error);
    });
    this.#earlyPromises.push(() => super.keep(options, kept));
  }

  override taskEnded(task: BackgroundTask): void {
    if (this.#early !== undefined) return this.workOf().unended.delete(task);
    if (this.#report !== undefined) count(this.#report, task);
    super.taskEnded(task);
  }

  override workIsOver(): void {
    this.#whenOver?.();
  }

  protected override admit(first: BackgroundTask, count: number): void {
    if (this.#early === undefined) super.admit(first, count);
  }

  protected override announce(task: BackgroundTask): void {
    if (this.#early === undefined) super.announce(task);
    else this.#early.push(task);
  }

  #attach({ context, request, waitUntil }: Attached): void {
    const early = this.#early;
    if (early === undefined) throw runElsewhere();
    this.#early = undefined;
    if (waitUntil !== undefined) this.options = { ...this.options, waitUntil };
    this.open(context, request);
    const [first] = early;
    try {
      if (first !== undefined) super.admit(first, early.length);
    } catch (error) {
      this.#early = early; // the tasks were refused, and may be run later
      throw error;
    }
    for (const task of early) {
      if (task.hasEnded) task.detail.endedBefore = true;
    }
    for (const task of early) super.announce(task);
    for (const keep of this.#earlyPromises) keep();
  }
}

/** What became of tasks that run without a response. */
interface Report {
  finished: number;
  failed: number;
  readonly abandoned: TaskRun[];
}

function count(report: Report, task: BackgroundTask): void {
  const { status } = task;
  if (status === "succeeded") report.finished++;
  if (status === "failed" || status === "timed-out") report.failed++;
  if (status === "abandoned" || status === "expired") {
    report.abandoned.push(task.snapshot());
  }
}
