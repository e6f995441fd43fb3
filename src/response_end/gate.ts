import { MAY_BE_WORKERS } from "./runtime.ts";

/**
 * What the first step of a request waits for: a promise, shared by all requests that add tasks in
 * the same turn of the event loop. With one of its own for each, a task costs noticeably more.
 *
 * It opens as soon as one of the requests may start. Most of the others may by then; whoever may
 * not goes on to wait at a gate of its own.
 */
export class Gate {
  isOpen = false;
  /** Fulfils when the gate opens. */
  readonly opening: Promise<void>;
  #resolve!: () => void;

  /** Creates a gate that is shut. */
  constructor() {
    this.opening = new Promise((resolve) => this.#resolve = resolve);
  }

  /** Lets all that wait go on, when the code that runs now is over. */
  open(): void {
    this.isOpen = true;
    this.#resolve();
  }
}

let shared: Gate | undefined;

/** The gate of this turn; on Workers a new one, since requests share no promise there. */
export function sharedGate(): Gate {
  if (MAY_BE_WORKERS || shared?.isOpen !== false) shared = new Gate();
  return shared;
}

/** A turn is over: who comes in the next one waits for others than those. */
export function renewGate(): void {
  shared = undefined;
}
