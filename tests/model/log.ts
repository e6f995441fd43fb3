import type { Step } from "./program.ts";

/** Something an observer saw. */
export interface Event {
  readonly time: number;
  /** `"add"`, `"start"`, `"retry"`, or the status the task ended in. */
  readonly what: string;
  readonly name: string;
  readonly attempt: number;
  /** The task in whose call it happened, if it happened in one. */
  readonly by: string | undefined;
}

/** Writes down what happened, in the order of the tasks where a group leaves the order open. */
export class Log {
  readonly #events: Event[] = [];
  /** The group of each task that is in one, and its place there. */
  readonly #groups = new Map<string, { step: Step; index: number }>();

  /** Notes what happened. */
  note(event: Event): void {
    this.#events.push(event);
  }

  /** Makes the tasks of a group known. */
  group(step: Step): void {
    if (step.length === 1) return;
    step.forEach(({ name }, index) => this.#groups.set(name, { step, index }));
  }

  /** The names of the tasks that ended in one of the statuses. */
  count(...statuses: string[]): number {
    return this.#events.filter(({ what }) => statuses.includes(what)).length;
  }

  /** What happened, one line each: at one time, the tasks of one group in their order. */
  lines(): string[] {
    const events = [...this.#events];
    const places = new Map<number, Map<Step, number[]>>();
    events.forEach((event, place) => {
      if (event.what === "add" && event.by === undefined) return;
      const group = this.#groups.get(event.by ?? event.name);
      if (group === undefined) return;
      const atTime = places.get(event.time) ?? new Map<Step, number[]>();
      places.set(event.time, atTime);
      atTime.set(group.step, [...atTime.get(group.step) ?? [], place]);
    });
    const indexOf = ({ by, name }: Event): number =>
      this.#groups.get(by ?? name)!.index;
    for (const atTime of places.values()) {
      for (const own of atTime.values()) {
        const sorted = own.map((place) => this.#events[place]!)
          .sort((a, b) => indexOf(a) - indexOf(b));
        own.forEach((place, n) => events[place] = sorted[n]!);
      }
    }
    return events.map(({ time, what, name, attempt }) =>
      `${time} ${what} ${name} #${attempt}`
    );
  }
}
