/** What waits for the next turn, and for the one behind it. */
let next: (() => void)[] = [];
let afterNext: (() => void)[] = [];
let isScheduled = false;

/**
 * Calls back in a later turn of the event loop, after what is already due. All callers of one
 * millisecond share one timer: a timer of their own would cost a request a fifth of its throughput.
 *
 * The callback must not run a user's code: it has lost the request's async context.
 *
 * @param callback Called once.
 */
export function nextTurn(callback: () => void): void {
  next.push(callback);
  schedule();
}

/**
 * Calls back one turn later than {@linkcode nextTurn}.
 *
 * @param callback Called once.
 */
export function turnAfterNext(callback: () => void): void {
  afterNext.push(callback);
  schedule();
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(run, 1);
}

function run(): void {
  const due = next;
  next = afterNext;
  afterNext = [];
  isScheduled = false;
  if (next.length > 0) schedule();
  for (const callback of due) callback();
}
