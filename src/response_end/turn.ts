import { IS_DENO, IS_NODE_LIKE, MAY_BE_WORKERS } from "./runtime.ts";

/** What waits for a later turn of the event loop. */
export interface TurnListener {
  /** The turn has come. It has lost the request's async context: no user's code runs in here. */
  turnHasCome(): void;
}

type Timer = (callback: () => void, delay: number) => unknown;

/** What a runtime may have to run something later. */
interface Timers {
  /** `undefined` on Deno before 2.5. */
  readonly setImmediate: Timer | undefined;
  readonly setTimeout: Timer;
}

/**
 * What the first step of a request waits for: a promise, shared by all requests that add tasks in
 * the same turn of the event loop. With one of its own for each, a task costs noticeably more.
 *
 * It opens as soon as one of the requests may start. Most of the others may by then; a request that
 * may not goes on to wait at a gate of its own.
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

/** What holds for all that happens in one turn of the event loop. */
export class Turn {
  /** When the turn began, or the first question in it was asked: epoch milliseconds. */
  readonly time: number = Date.now();
  /**
   * Whether there is a platform that may have a `waitUntil`; `undefined` until that was looked up.
   */
  isOnPlatform: boolean | undefined = undefined;
  #gate: Gate | undefined = undefined;

  /** The gate of all requests whose first task is added in this turn. */
  get gate(): Gate {
    if (this.#gate?.isOpen !== false) this.#gate = new Gate();
    return this.#gate;
  }
}

/** The runtime's own timers, even where a test replaces them: all requests share a turn. */
const { setTimeout } = globalThis;
const later = laterOf(
  globalThis as unknown as Timers,
  IS_NODE_LIKE,
);

/** The turn that runs now; unset until it is asked for. */
let current: Turn | undefined;
let isScheduled = false;
/** Listeners of the next turn, and of the turn after it. */
let next: TurnListener[] = [];
let afterNext: TurnListener[] = [];

/** What `nextTurn()` is to resolve, in the order of its calls. */
const resting: (() => void)[] = [];

/**
 * The most promises of `nextTurn()` that are resolved in one turn. A task that goes on may use the turn
 * up; the tasks behind it then wait for another one.
 */
const MOST_AWAKENED = 1_000;

/**
 * What runs something in a later turn of the event loop.
 *
 * @param timers What the runtime has.
 * @param isNodeLike Whether its `setImmediate` is Node's: in an edge route of Next.js it throws.
 */
export function laterOf(
  { setImmediate, setTimeout }: Timers,
  isNodeLike: boolean,
): Timer {
  return isNodeLike && setImmediate || setTimeout;
}

/**
 * The turn that runs now. Requests of a Worker share none: workerd forbids a shared promise or
 * timer.
 */
export function thisTurn(): Turn {
  if (MAY_BE_WORKERS) return new Turn();
  if (current === undefined) {
    current = new Turn();
    schedule();
  }
  return current;
}

/**
 * Waits for a later turn of the event loop. All listeners share one timer: a timer for each request
 * would cost a fifth of the throughput, and a timer of a millisecond would fire when the caches of
 * the processor are full of other requests.
 *
 * @param turns 1 for the next turn, which may be due already; 2 for the turn after it, by which the
 * event loop has done what was due before.
 * @param listener Told once.
 */
export function waitForTurn(turns: 1 | 2, listener: TurnListener): void {
  if (MAY_BE_WORKERS) return waitAlone(turns, listener);
  schedule();
  (turns === 1 ? next : afterNext).push(listener);
}

/**
 * Resolves in a turn that begins after the code that runs now, with the async context of the caller.
 * On Deno it uses a timer, though one takes a millisecond: Deno runs what `setImmediate` and a
 * `MessageChannel` were given without a look at its sockets.
 *
 * All that wait share one timer, and one turn: with one each, they all come in the same round of the
 * event loop, and each would take it for a turn of its own.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (resting.push(resolve) === 1) awaken();
  });
}

function awaken(): void {
  const next = IS_DENO ? setTimeout : later;
  next(() => {
    current = undefined;
    for (const resolve of resting.splice(0, MOST_AWAKENED)) resolve();
    if (resting.length > 0) awaken();
  }, 0);
}

/** Waits with timers of the request's own, because workerd lets requests share none. */
function waitAlone(turns: 1 | 2, listener: TurnListener): void {
  const come = (): void => listener.turnHasCome();
  setTimeout(turns === 1 ? come : () => setTimeout(come, 0), 1);
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  later(run, 1);
}

function run(): void {
  isScheduled = false;
  current = undefined;
  const due = next;
  next = afterNext;
  afterNext = [];
  if (next.length > 0) schedule();
  for (const listener of due) listener.turnHasCome();
}
