import {
  type BackgroundTask,
  type BackgroundTasks,
  defineTask,
  type DrainReport,
  task,
  type TaskContext,
  type TaskOptions,
  type TaskRun,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { intercept } from "../../src/request/interception.ts";
import { fakeTime } from "../harness/fake_clock.ts";
import { gate } from "../harness/gate.ts";
import { Log } from "./log.ts";
import type { Behaviour, Program, Step, TaskPlan } from "./program.ts";

/** What became of a program. */
export interface Executed {
  readonly log: Log;
  readonly report: DrainReport;
  /** What the error hook was told, by name. */
  readonly errors: readonly string[];
  /** How many tasks the runner believes are left. */
  readonly pending: number;
}

/** Runs a program on the real code, by a clock of its own. */
export function execute(program: Program): Promise<Executed> {
  return new Execution(program).run();
}

class Execution {
  readonly #program: Program;
  readonly #log = new Log();
  readonly #errors: string[] = [];
  readonly #handles = new Map<string, BackgroundTask>();
  readonly #time = fakeTime({
    observers: [{
      onAdd: (run) => this.#note("add", run),
      onStart: (run) => this.#note("start", run),
      onRetry: (run) => this.#note("retry", run),
      onEnd: (run) => this.#note(run.status, run),
    }],
  });
  #tasks!: BackgroundTasks;
  /** The task whose first call is running, and adds or cancels. */
  #by: string | undefined = undefined;

  constructor(program: Program) {
    this.#program = program;
  }

  async run(): Promise<Executed> {
    const { handlerFails, stopOnError, deadline, cancelledLater } =
      this.#program;
    const { clock, runner } = this.#time;
    const fetch = withBackgroundTasks((_, tasks) => {
      this.#handle(tasks);
      if (handlerFails) throw new Error("the handler failed");
      return new Response();
    }, {
      runner,
      stopOnError,
      deadline: Infinity,
      onTaskError: (_, run) => this.#errors.push(run.name),
    });
    const request = new Request("https://example.com/");
    const responseEnd = gate();
    intercept(request, {
      clock: undefined,
      scheduler: undefined,
      notify: () => undefined,
      turn: () => undefined,
      responseEnd: (listener, { response }) => {
        responseEnd.opened.then(() => listener.responseEnded("unknown", 0));
        return response;
      },
    });
    const response = fetch(request);
    for (const { name, at } of cancelledLater) {
      clock.setTimeout(() => this.#handles.get(name)?.cancel(), at);
    }
    const draining = runner.drain({ timeout: deadline });
    await response.catch(() => {});
    responseEnd.open();
    await clock.advance(0);
    for (
      let next = clock.untilNext();
      next !== undefined;
      next = clock.untilNext()
    ) await clock.advance(next);
    const report = await draining;
    return {
      log: this.#log,
      report,
      errors: this.#errors,
      pending: runner.stats().pending,
    };
  }

  #note(what: string, { name, attempt }: TaskRun): void {
    const time = this.#time.clock.now();
    this.#log.note({ time, what, name, attempt, by: this.#by });
  }

  #handle(tasks: BackgroundTasks): void {
    this.#tasks = tasks;
    for (const step of this.#program.steps) this.#add(step);
    for (const name of this.#program.cancelledAtOnce) {
      this.#handles.get(name)?.cancel();
    }
  }

  #add(step: Step): void {
    this.#log.group(step);
    const [only] = step;
    if (step.length === 1 && only !== undefined) {
      const { adder, fn } = this.#made(only);
      this.#handles.set(only.name, adder.addTask(fn));
      return;
    }
    // a group takes its policy from its tasks: so all of them are defined
    const made = step.map((plan) => task(this.#made(plan, true).fn));
    step.forEach(({ name }, n) => this.#handles.set(name, made[n]!));
    this.#tasks.addGroup(...made);
  }

  #made(plan: TaskPlan, defined: boolean = plan.defined): {
    adder: Pick<BackgroundTasks, "addTask">;
    fn: () => unknown;
  } {
    const { name, timeout, retry, runOn } = plan;
    const policy: Omit<TaskOptions, "name"> = {
      ...(timeout !== undefined && { timeout }),
      ...(retry !== undefined && { retry: { ...retry, jitter: 0 } }),
      ...(runOn !== undefined && { runOn }),
    };
    let attempt = 0;
    const handler = (context?: TaskContext): unknown => {
      attempt++;
      if (attempt === 1) this.#firstCall(plan);
      const behaviour = plan.attempts[attempt - 1] ?? plan.attempts.at(-1)!;
      return this.#behave(behaviour, context);
    };
    if (defined) {
      return { adder: this.#tasks, fn: defineTask(name, policy, handler) };
    }
    const fn = (): unknown => handler();
    return { adder: this.#tasks.with({ ...policy, name }), fn };
  }

  #firstCall(plan: TaskPlan): void {
    this.#by = plan.name;
    for (const step of plan.adds) this.#add(step);
    if (plan.cancels !== undefined) this.#handles.get(plan.cancels)?.cancel();
    this.#by = undefined;
  }

  #behave(
    { does, takes, throws }: Behaviour,
    context: TaskContext | undefined,
  ): unknown {
    if (does === "return") return "ignored";
    if (does === "throw") throw throws;
    return new Promise((resolve, reject) => {
      const { clock } = this.#time;
      if (does === "resolve") clock.setTimeout(() => resolve(0), takes);
      if (does === "reject") clock.setTimeout(() => reject(throws), takes);
      if (does === "abort") {
        context?.signal.addEventListener(
          "abort",
          () => reject(context.signal.reason),
        );
      }
    });
  }
}
