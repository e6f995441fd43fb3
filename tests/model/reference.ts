/**
 * What a program must do, written without looking at how it is done: no promise, no clock, one
 * step after another.
 *
 * @module
 */
import { type Event, Log } from "./log.ts";
import type { Program, Step, TaskPlan } from "./program.ts";

/** A task that was added. */
interface Added {
  readonly plan: TaskPlan;
  readonly addedAt: number;
  /** Whether the handler had failed by then. */
  readonly late: boolean;
  ended: boolean;
}

/** Something from outside that ends a task. */
interface Interrupt {
  readonly at: number;
  readonly status: "cancelled" | "abandoned";
}

/** Tells what must happen. */
export function predict(program: Program): Log {
  return new Reference(program).run();
}

class Reference {
  readonly #program: Program;
  readonly #log = new Log();
  readonly #added = new Map<string, Added>();
  readonly #steps: Step[] = [];
  #stopped = false;

  constructor(program: Program) {
    this.#program = program;
  }

  run(): Log {
    const { steps, cancelledAtOnce, deadline } = this.#program;
    for (const step of steps) this.#add(step, 0, undefined);
    for (const name of cancelledAtOnce) this.#cancel(name, 0, undefined);
    let time = 0;
    for (let step = this.#steps.shift(); step; step = this.#steps.shift()) {
      time = this.#runStep(step, time);
      if (time >= deadline) break;
    }
    return this.#log;
  }

  #add(step: Step, time: number, by: string | undefined): void {
    this.#log.group(step);
    this.#steps.push(step);
    for (const plan of step) {
      const late = by !== undefined && this.#program.handlerFails;
      this.#added.set(plan.name, { plan, addedAt: time, late, ended: false });
      this.#log.note({ time, what: "add", name: plan.name, attempt: 0, by });
    }
  }

  /** Cancels a task that waits, or, by itself, one that runs. */
  #cancel(name: string, time: number, by: string | undefined): void {
    const task = this.#added.get(name);
    if (task === undefined || task.ended) return;
    task.ended = true;
    const attempt = name === by ? 1 : 0;
    this.#log.note({ time, what: "cancelled", name, attempt, by });
  }

  /** Returns when the step has ended. */
  #runStep(step: Step, time: number): number {
    const events: Event[] = [];
    let failed = false;
    let end = time;
    for (const { name } of step) {
      const task = this.#added.get(name)!;
      if (task.ended) continue;
      const own = this.#discards(task)
        ? [{ time, what: "discarded", name, attempt: 0, by: undefined }]
        : this.#runTask(task, time);
      task.ended = true;
      events.push(...own);
      const last = own.at(-1)!;
      failed ||= ["failed", "timed-out"].includes(last.what);
      end = Math.max(end, last.time);
    }
    this.#noteWithOutside(events, time, end);
    if (failed && this.#program.stopOnError) this.#stopped = true;
    return end;
  }

  #discards({ plan: { runOn = "success" }, late }: Added): boolean {
    if (this.#stopped) return true;
    const outcome = this.#program.handlerFails ? "failure" : "success";
    return runOn !== "always" && runOn !== outcome &&
      !(runOn === "success" && late);
  }

  #runTask(task: Added, time: number): Event[] {
    const { plan } = task;
    const { name, timeout = Infinity, retry } = plan;
    const events: Event[] = [];
    const note = (time: number, what: string, attempt: number): number =>
      events.push({ time, what, name, attempt, by: undefined });
    const interrupt = this.#interruptOf(task, time);
    note(time, "start", 1);
    this.#log.note(events.pop()!);
    for (const step of plan.adds) this.#add(step, time, name);
    if (plan.cancels !== undefined) this.#cancel(plan.cancels, time, name);
    if (plan.cancels === name) {
      return [{ time, what: "over", name, attempt: 1, by: undefined }];
    }
    for (let attempt = 1;; attempt++) {
      const { does, takes } = plan.attempts[attempt - 1] ??
        plan.attempts.at(-1)!;
      const length = does === "hang" || does === "abort"
        ? Infinity
        : does === "return" || does === "throw"
        ? 0
        : takes;
      const over = time + Math.min(length, timeout);
      if (interrupt.at < over) {
        note(interrupt.at, interrupt.status, attempt);
        return events;
      }
      const timedOut = timeout < length;
      if (!timedOut && (does === "return" || does === "resolve")) {
        note(over, "succeeded", attempt);
        return events;
      }
      if (attempt >= (retry?.attempts ?? 1)) {
        note(over, timedOut ? "timed-out" : "failed", attempt);
        return events;
      }
      note(over, "retry", attempt);
      const { delay, maxDelay } = retry!;
      time = over + Math.min(delay * 2 ** (attempt - 1), maxDelay);
      if (interrupt.at < time) {
        note(interrupt.at, interrupt.status, attempt);
        return events;
      }
    }
  }

  /** The first thing from outside that happens to a task after it has started. */
  #interruptOf({ plan }: Added, from: number): Interrupt {
    const { cancelledLater, deadline } = this.#program;
    const at = Math.min(
      ...cancelledLater.filter(({ name, at }) =>
        name === plan.name && at > from
      )
        .map(({ at }) => at),
    );
    return at < deadline
      ? { at, status: "cancelled" }
      : { at: deadline, status: "abandoned" };
  }

  /** Notes what a step did, and what happened to waiting tasks meanwhile, by time. */
  #noteWithOutside(events: readonly Event[], from: number, to: number): void {
    const { cancelledLater, deadline } = this.#program;
    const all = [...events];
    for (const { name, at } of cancelledLater.toSorted((a, b) => a.at - b.at)) {
      const task = this.#added.get(name);
      if (task === undefined || task.ended || task.addedAt > at) continue;
      if (at <= from || at > to || at > deadline) continue;
      task.ended = true;
      all.push({
        time: at,
        what: "cancelled",
        name,
        attempt: 0,
        by: undefined,
      });
    }
    if (to >= deadline) {
      for (const [name, task] of this.#added) {
        if (task.ended) continue;
        task.ended = true;
        const what = "abandoned";
        all.push({ time: deadline, what, name, attempt: 0, by: undefined });
      }
    }
    const order = [...this.#added.keys()];
    all.sort((a, b) =>
      a.time - b.time ||
      (a.what === "abandoned" && b.what === "abandoned"
        ? order.indexOf(a.name) - order.indexOf(b.name)
        : 0)
    );
    for (const event of all) if (event.what !== "over") this.#log.note(event);
  }
}
