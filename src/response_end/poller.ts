import type { ResponseOutcome } from "../task/task_run.ts";
import { type TurnListener, waitForTurn } from "./turn.ts";
import type { ResponseEndListener } from "./response_end_source.ts";

/** The runtime's own timer, even where a test installs a fake one: all requests share the poller. */
const { setTimeout } = globalThis;

/** How long the poller sleeps between two looks, in milliseconds. */
const SHORTEST_SLEEP = 1;
const LONGEST_SLEEP = 20;

/**
 * A response on a runtime that must be asked. It is looked at in the next turn, when most responses
 * are over, then by one poller shared by all.
 */
export abstract class Sending implements TurnListener {
  readonly #listener: ResponseEndListener;
  readonly #turns: 0 | 2;

  /**
   * Begins to look, in the next turn.
   *
   * @param listener The listener to tell.
   * @param turns How many further turns must pass once a look has found the response over.
   */
  constructor(listener: ResponseEndListener, turns: 0 | 2) {
    this.#listener = listener;
    this.#turns = turns;
    waitForTurn(1, this);
  }

  /** Whether nothing of the response is left to do. */
  abstract get isOver(): boolean;

  /** How it ended; asked by the few that want to know. */
  abstract get outcome(): ResponseOutcome;

  /** The first look. */
  turnHasCome(): void {
    if (this.isOver) return this.tell();
    lasting.push(this);
    timer ??= setTimeout(look, sleep);
  }

  /** Tells the listener. */
  tell(): void {
    this.#listener.responseEnded(this, this.#turns);
  }
}

let lasting: Sending[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
let sleep = SHORTEST_SLEEP;

function look(): void {
  const before = lasting;
  lasting = [];
  for (const sending of before) {
    if (sending.isOver) sending.tell();
    else lasting.push(sending);
  }
  sleep = lasting.length < before.length
    ? SHORTEST_SLEEP
    : Math.min(sleep * 2, LONGEST_SLEEP);
  timer = lasting.length > 0 ? setTimeout(look, sleep) : undefined;
}
