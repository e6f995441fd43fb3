import { renewGate } from "./gate.ts";

/** What waits for a later turn of the event loop. */
export interface TurnListener {
  /** The turn has come. It has lost the request's async context: no user's code runs in here. */
  turnHasCome(): void;
}

type Timer = (callback: () => void, delay: number) => unknown;

/** What a runtime may have to run something later. */
interface Timers {
  readonly process?: { readonly versions?: { readonly node?: string } };
  readonly setImmediate: Timer;
  readonly setTimeout: Timer;
}

/**
 * What runs something in a later turn of the event loop.
 *
 * @param timers What the runtime has.
 * @returns `setImmediate` where it is Node's: in an edge route of Next.js it is there, and throws.
 */
export function laterOf(timers: Timers): Timer {
  const { process, setImmediate, setTimeout } = timers;
  return process?.versions?.node ? setImmediate : setTimeout;
}

/** The runtime's own, even where a test replaces it by a fake one: all requests share a turn. */
const later = laterOf(globalThis as unknown as Timers);

/** Who waits for the next turn, and for the one behind it: one is scheduled while anybody does. */
let next: TurnListener[] = [];
let afterNext: TurnListener[] = [];

/**
 * Waits for a later turn of the event loop. All that wait share it: a timer of their own would cost
 * a request a fifth of its throughput, and one that is due in a millisecond finds the caches of the
 * processor full of other requests.
 *
 * @param turns The next turn, which may be due already, or the one behind it, which leaves the
 * event loop the time to do what was due before.
 * @param listener Told once.
 */
export function waitForTurn(turns: 1 | 2, listener: TurnListener): void {
  if (next.length + afterNext.length === 0) later(run, 1);
  (turns === 1 ? next : afterNext).push(listener);
}

function run(): void {
  const due = next;
  next = afterNext;
  afterNext = [];
  if (next.length > 0) later(run, 1);
  renewGate();
  for (const listener of due) listener.turnHasCome();
}
