/** An item of a {@linkcode Line}. It holds the links to its neighbours. */
export interface Linked<Item> {
  /** The neighbour in front. */
  previous: Item | undefined;
  /** The neighbour behind. */
  next: Item | undefined;
}

/**
 * A linked list of items in the order they came. An item enters and leaves in constant time,
 * wherever it stands.
 *
 * Not a `Set`: with one, a task was measured to cost two to three times as much CPU time, nearly
 * all of it garbage collection (bench/README, "Where the time goes"). A table that the `Set` has
 * outgrown, garbage but old, keeps every item it held through the collections of young objects.
 *
 * Invariant: an item that has left has no neighbours, so that it keeps no younger item alive.
 *
 * @typeParam Item What stands in the line.
 */
export class Line<Item extends Linked<Item>> {
  /** The item in front. */
  first: Item | undefined;
  /** The item at the end. */
  last: Item | undefined;

  /** Adds an item at the end; one that stands here already stays where it is. */
  add(item: Item): void {
    if (item.previous !== undefined || this.first === item) return;
    item.previous = this.last;
    if (this.last === undefined) this.first = item;
    else this.last.next = item;
    this.last = item;
  }

  /** Takes an item out, if it stands here. An item stands in one line at a time. */
  delete(item: Item): void {
    const { previous, next } = item;
    if (previous === undefined && this.first !== item) return;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
    item.previous = item.next = undefined;
  }

  /** All items, in the order they came. */
  all(): Item[] {
    const all: Item[] = [];
    for (let item = this.first; item !== undefined; item = item.next) {
      all.push(item);
    }
    return all;
  }
}
