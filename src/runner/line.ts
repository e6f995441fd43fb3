import type { TaskSequence } from "../request/sequence.ts";

/**
 * The sequences a scheduler keeps, in the order they came, linked to each other.
 *
 * Not a `Set`: with one, a task was measured to cost two to three times as much CPU time, nearly
 * all of it garbage collection. Most likely a table that the `Set` has outgrown, garbage but old,
 * keeps every sequence it held, with its tasks, through the collections of young objects.
 *
 * Invariant: a sequence that is not in here has no neighbours, for the same reason.
 */
export class InFlight {
  #first: TaskSequence | undefined = undefined;
  #last: TaskSequence | undefined = undefined;

  /** Adds a sequence at the end; one that is in here stays where it is. */
  add(sequence: TaskSequence): void {
    if (this.#has(sequence)) return;
    sequence.previous = this.#last;
    if (this.#last === undefined) this.#first = sequence;
    else this.#last.next = sequence;
    this.#last = sequence;
  }

  /** Takes a sequence out, if it is in here. */
  delete(sequence: TaskSequence): void {
    if (!this.#has(sequence)) return;
    const { previous, next } = sequence;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    sequence.previous = sequence.next = undefined;
  }

  /** All of them, in the order they were added. */
  all(): TaskSequence[] {
    const all: TaskSequence[] = [];
    for (let one = this.#first; one !== undefined; one = one.next) {
      all.push(one);
    }
    return all;
  }

  #has(sequence: TaskSequence): boolean {
    return sequence.previous !== undefined || this.#first === sequence;
  }
}
