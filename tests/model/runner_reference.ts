/**
 * What a runner must do with several requests, written as a list of what is due: no promise, no
 * clock, no scheduler.
 *
 * @module
 */
import type {
  RunnerProgram,
  SmallRequest,
  SmallStep,
  SmallTask,
} from "./runner_program.ts";

/** What must come of a program. */
export interface RunnerPrediction {
  /** What happened, one line each. */
  readonly lines: readonly string[];
  /** What the drain tells. */
  readonly report: {
    readonly finished: number;
    readonly failed: number;
    readonly abandoned: readonly string[];
  };
  /** What the error hook is told, by name. */
  readonly errors: readonly string[];
}

/** A request whose tasks were added. */
interface Queue {
  readonly request: SmallRequest;
  readonly steps: Added[][];
  running: readonly Added[];
  hasPlace: boolean;
  over: boolean;
  /** Whether its response is on its way: its tasks hold no place of `maxPending`. */
  sending: boolean;
}

interface Added {
  readonly plan: SmallTask;
  readonly queue: Queue;
  ended: boolean;
}

/** Before the end of the platform's patience, by this much at most, the tasks are stopped. */
const MARGIN = 500;

/** Tells what must happen. */
export function predictRunner(program: RunnerProgram): RunnerPrediction {
  return new RunnerReference(program).run();
}

class RunnerReference {
  readonly #program: RunnerProgram;
  readonly #lines: string[] = [];
  readonly #errors: string[] = [];
  readonly #agenda: { at: number; happens: () => void }[] = [];
  /** In the order of their first task. */
  readonly #queues: Queue[] = [];
  readonly #ready: Queue[] = [];
  readonly #added = new Map<string, Added>();
  readonly #abandoned: string[] = [];
  #now = 0;
  #pending = 0;
  #places: number;
  #finished = 0;
  #failed = 0;

  constructor(program: RunnerProgram) {
    this.#program = program;
    this.#places = program.concurrency;
  }

  run(): RunnerPrediction {
    const { requests, cancelled, drainAt, patience } = this.#program;
    for (const request of requests) {
      this.#at(request.at, () => this.#arrive(request));
    }
    for (const { name, at } of cancelled) {
      this.#at(at, () => this.#end(this.#added.get(name), "cancelled"));
    }
    let before = [0, 0];
    this.#at(drainAt, () => before = [this.#finished, this.#failed]);
    let after = [Infinity, Infinity];
    this.#at(drainAt + patience, () => {
      if (this.#pending === 0) return;
      after = [this.#finished, this.#failed];
      this.#abandon();
    });
    while (this.#agenda.length > 0) {
      const next = this.#agenda.reduce((a, b) => b.at < a.at ? b : a);
      this.#agenda.splice(this.#agenda.indexOf(next), 1);
      this.#now = next.at;
      next.happens();
    }
    const [finished = 0, failed = 0] = [this.#finished, this.#failed].map(
      (count, n) => Math.min(count, after[n]!) - before[n]!,
    );
    const report = { finished, failed, abandoned: this.#abandoned };
    return { lines: this.#lines, report, errors: this.#errors };
  }

  #at(at: number, happens: () => void): void {
    this.#agenda.push({ at, happens });
  }

  #note(what: string, name: string): void {
    this.#lines.push(`${this.#now} ${what} ${name}`);
  }

  #arrive(request: SmallRequest): void {
    const queue: Queue = {
      ...{ request, steps: [], running: [] },
      ...{ hasPlace: false, over: false, sending: false },
    };
    for (const step of request.steps) this.#add(step, queue);
    if (queue.steps.length === 0) return;
    this.#queues.push(queue);
    queue.sending = true;
    this.#at(this.#now + request.responds, () => this.#respond(queue));
  }

  /** All tasks of a step, or none. */
  #add(step: SmallStep, queue: Queue): void {
    const held = [...this.#added.values()].filter(({ ended, queue }) =>
      !ended && !queue.sending
    );
    if (held.length + step.length > this.#program.maxPending) {
      return this.#note("refused", step[0]!.name);
    }
    this.#pending += step.length;
    const added = step.map((plan) => ({ plan, queue, ended: false }));
    queue.steps.push(added);
    for (const task of added) {
      this.#added.set(task.plan.name, task);
      this.#note("add", task.plan.name);
    }
  }

  #respond(queue: Queue): void {
    queue.sending = false;
    if (queue.over) return;
    const { lifetime } = queue.request;
    if (lifetime !== undefined) {
      const stop = lifetime - Math.min(MARGIN, lifetime / 2);
      this.#at(this.#now + stop, () => this.#expire(queue));
    }
    this.#ready.push(queue);
    this.#fill();
  }

  #fill(): void {
    while (this.#places > 0) {
      const queue = this.#ready.shift();
      if (queue === undefined) return;
      if (queue.over) continue;
      this.#places--;
      queue.hasPlace = true;
      this.#goOn(queue);
    }
  }

  #goOn(queue: Queue): void {
    if (queue.over) return;
    queue.running =
      queue.steps.map((step) => step.filter(({ ended }) => !ended)).find((
        { length },
      ) => length > 0) ?? [];
    if (queue.running.length === 0) return this.#finish(queue);
    for (const task of queue.running) this.#start(task);
  }

  #finish(queue: Queue): void {
    queue.over = true;
    if (queue.hasPlace) this.#places++;
    this.#fill();
  }

  #start(task: Added): void {
    const { name, does, takes, timeout = Infinity, adds } = task.plan;
    this.#note("start", name);
    for (const step of adds) this.#add(step, task.queue);
    const isGood = does === "return" || does === "resolve";
    const result = isGood ? "succeeded" : "failed";
    if (does === "return" || does === "throw") return this.#end(task, result);
    const length = does === "hang" ? Infinity : takes;
    const end = Math.min(length, timeout);
    if (end === Infinity) return;
    const status = timeout < length ? "timed-out" : result;
    this.#at(this.#now + end, () => this.#end(task, status));
  }

  #end(task: Added | undefined, status: string): void {
    if (task === undefined || task.ended) return;
    task.ended = true;
    this.#pending--;
    if (status === "succeeded") this.#finished++;
    if (["failed", "timed-out"].includes(status)) this.#failed++;
    if (["failed", "timed-out", "expired"].includes(status)) {
      this.#errors.push(task.plan.name);
    }
    this.#note(status, task.plan.name);
    const { running } = task.queue;
    if (running.includes(task) && running.every(({ ended }) => ended)) {
      this.#goOn(task.queue);
    }
  }

  /** The platform is about to end the work of a request. */
  #expire(queue: Queue): void {
    if (queue.over) return;
    queue.over = true;
    for (const task of queue.steps.flat()) this.#end(task, "expired");
    this.#finish(queue);
  }

  /** The drain has waited for long enough. */
  #abandon(): void {
    for (const queue of this.#queues) queue.over = true;
    for (const { steps } of this.#queues) {
      for (const task of steps.flat()) {
        if (!task.ended) this.#abandoned.push(task.plan.name);
        this.#end(task, "abandoned");
      }
    }
  }
}
