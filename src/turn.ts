/** What waits for the next turn, and for the one behind it. */
let next: (() => void)[] = [];
let scheduled = false;

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
  if (scheduled) return;
  scheduled = true;
  setTimeout(run, 1);
}

function run(): void {
  const due = next;
  next = [];
  scheduled = false;
  for (const callback of due) callback();
}
