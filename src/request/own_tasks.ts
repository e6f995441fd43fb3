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
  #report: Report | undefined = undefined;
  #whenOver: (() => void) | undefined = undefined;

  constructor(options?: BackgroundTasksOptions) {
    super(
      options === undefined ? DEFAULT_OPTIONS : readOptions(options),
      undefined,
      undefined,
    );
  }

  /** Those of a front door are background tasks as well. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Tasks;
  }

  override runAfter(response: Response, context?: RunAfterContext): Response {
    this.#attach(readRunAfter(response, context));
    return this.settle(response) ?? response;
  }

  override run(context?: RunContext): Promise<DrainReport> {
    const report = this.#report = new Report();
    this.#attach(readRun(context));
    if (!this.settleWithout()) return Promise.resolve(report);
    waitForTurn(1, this);
    return new Promise((resolve) => this.#whenOver = () => resolve(report));
  }

  override keep(options: TaskOptions | undefined, promise: unknown): void {
    if (this.#early === undefined) return super.keep(options, promise);
    checkPromise(promise);
    promise.then(undefined, (error) => {
      if (this.#early === undefined) return;
      const text = "Background tasks: a promise of waitUntil() was rejected:";
      writeError(text, error);
    });
    this.#earlyPromises.push(() => super.keep(options, promise));
  }

  override taskEnded(task: BackgroundTask): void {
    if (this.#early !== undefined) return this.workOf().unended.delete(task);
    this.#report?.add(task);
    super.taskEnded(task);
  }

  override workIsOver(): void {
    super.workIsOver();
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
    this.setContext(context, request, waitUntil);
    const [first] = early;
    try {
      if (first !== undefined) super.admit(first, early.length);
    } catch (error) {
      this.#early = early; // nothing became of them: they may be run later
      throw error;
    }
    for (const task of early) super.announce(task);
    for (const keep of this.#earlyPromises) keep();
  }
}

/** What became of tasks that run without a response. */
class Report implements DrainReport {
  finished = 0;
  failed = 0;
  readonly abandoned: TaskRun[] = [];

  add(task: BackgroundTask): void {
    const { status } = task;
    if (status === "succeeded") this.finished++;
    if (status === "failed" || status === "timed-out") this.failed++;
    if (status === "abandoned" || status === "expired") {
      this.abandoned.push(task.snapshot());
    }
  }
}
