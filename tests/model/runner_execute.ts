import {
  type BackgroundTask,
  type BackgroundTasks,
  defineTask,
  type DrainReport,
  task,
  TaskQueueFullError,
  type TaskRun,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { intercept } from "../../src/request/interception.ts";
import { fakeTime } from "../harness/fake_clock.ts";
import type {
  RunnerProgram,
  SmallRequest,
  SmallStep,
  SmallTask,
} from "./runner_program.ts";
import type { RunnerPrediction } from "./runner_reference.ts";

/** What became of a program. */
export interface RunnerExecuted extends RunnerPrediction {
  /** How many tasks the runner believes are left. */
  readonly pending: number;
}

/** Runs a program on the real code, by a clock of its own. */
export function executeRunner(program: RunnerProgram): Promise<RunnerExecuted> {
  return new RunnerExecution(program).run();
}

class RunnerExecution {
  readonly #program: RunnerProgram;
  readonly #lines: string[] = [];
  readonly #errors: string[] = [];
  readonly #handles = new Map<string, BackgroundTask>();
  readonly #time;

  constructor(program: RunnerProgram) {
    this.#program = program;
    const { concurrency, maxPending } = program;
    const note = (what: string) => ({ name }: TaskRun): void =>
      this.#note(what, name);
    this.#time = fakeTime({
      concurrency,
      maxPending,
      observers: [{
        onAdd: note("add"),
        onStart: note("start"),
        onEnd: (run) => this.#note(run.status, run.name),
      }],
    });
  }

  async run(): Promise<RunnerExecuted> {
    const { requests, cancelled, drainAt, patience } = this.#program;
    const { clock, runner } = this.#time;
    const responses: unknown[] = [];
    for (const request of requests) {
      clock.setTimeout(
        () => responses.push(this.#request(request)),
        request.at,
      );
    }
    for (const { name, at } of cancelled) {
      clock.setTimeout(() => this.#handles.get(name)?.cancel(), at);
    }
    let draining: Promise<DrainReport> | undefined;
    clock.setTimeout(
      () => draining = runner.drain({ timeout: patience }),
      drainAt,
    );
    for (
      let next = clock.untilNext();
      next !== undefined;
      next = clock.untilNext()
    ) await clock.advance(next);
    await Promise.all(responses);
    const { finished, failed, abandoned } = await draining!;
    return {
      lines: this.#lines,
      report: {
        ...{ finished, failed },
        abandoned: abandoned.map(({ name }) => name),
      },
      errors: this.#errors,
      pending: runner.stats().pending,
    };
  }

  #note(what: string, name: string): void {
    this.#lines.push(`${this.#time.clock.now()} ${what} ${name}`);
  }

  #request({ responds, lifetime, steps }: SmallRequest): unknown {
    const { clock, runner } = this.#time;
    const fetch = withBackgroundTasks((_, tasks) => {
      for (const step of steps) this.#add(step, tasks);
      return new Response();
    }, {
      runner,
      deadline: lifetime ?? Infinity,
      onTaskError: (_, run) => this.#errors.push(run.name),
    });
    const request = new Request("https://example.com/");
    intercept(request, {
      clock: undefined,
      scheduler: undefined,
      notify: () => undefined,
      turn: () => undefined,
      responseEnd: (listener, { response }) => {
        clock.setTimeout(() => listener.responseEnded("unknown", 0), responds);
        return response;
      },
    });
    return fetch(request);
  }

  #add(step: SmallStep, tasks: BackgroundTasks): void {
    const [first] = step as [SmallTask];
    try {
      if (step.length > 1) this.#addGroup(step, tasks);
      else this.#addTask(first, tasks);
    } catch (error) {
      if (!(error instanceof TaskQueueFullError)) throw error;
      this.#note("refused", first.name);
    }
  }

  #addTask(plan: SmallTask, tasks: BackgroundTasks): void {
    const { name, timeout } = plan;
    const added = tasks
      .with({ name, ...(timeout !== undefined && { timeout }) })
      .addTask(() => this.#call(plan, tasks));
    this.#handles.set(name, added);
  }

  /** A group takes its policy from its tasks: so all of them are defined. */
  #addGroup(step: SmallStep, tasks: BackgroundTasks): void {
    const made = step.map((plan) => {
      const { name, timeout } = plan;
      const policy = timeout === undefined ? {} : { timeout };
      return task(defineTask(name, policy, () => this.#call(plan, tasks)));
    });
    tasks.addGroup(...made);
    step.forEach(({ name }, n) => this.#handles.set(name, made[n]!));
  }

  #call({ does, takes, adds }: SmallTask, tasks: BackgroundTasks): unknown {
    for (const step of adds) this.#add(step, tasks);
    if (does === "return") return "ignored";
    if (does === "throw") throw new Error("planned");
    return new Promise((resolve, reject) => {
      const { clock } = this.#time;
      if (does === "resolve") clock.setTimeout(() => resolve(0), takes);
      if (does === "reject") clock.setTimeout(() => reject(0), takes);
    });
  }
}
