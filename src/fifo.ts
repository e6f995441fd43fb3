/** First in, first out, at a constant cost per item however many wait. */
export class Fifo<Item> {
  #items: Item[] = [];
  #head = 0;

  /** Adds an item at the end. */
  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the item at the front, or `undefined` where there is none. */
  shift(): Item | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head++];
    if (this.#head >= 64 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
