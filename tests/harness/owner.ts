/** What has a `waitUntil` that needs its receiver, as those of platforms do. */
export class Owner {
  /** What it was asked to wait for. */
  readonly promises: Promise<unknown>[] = [];

  /** Takes a promise. */
  waitUntil(promise: Promise<unknown>): void {
    if (!(this instanceof Owner)) throw new TypeError("Illegal invocation");
    this.promises.push(promise);
  }
}

/** A service binding of a Worker: it answers every property with a function. */
export function serviceBinding(): object {
  return new Proxy({}, {
    get: () => () => {
      throw new Error("A service binding was called");
    },
  });
}
