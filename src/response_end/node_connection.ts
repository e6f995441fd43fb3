/** What tells that it has closed. */
export interface Closing {
  once(event: "close", listener: () => void): void;
}

/**
 * The callbacks that wait for the loss of each connection. A connection has one listener for all of
 * them: Node warns of a leak where it has many.
 */
const waiting = new WeakMap<Closing, Set<() => void>>();

/**
 * Waits for a response that is queued behind another one of its connection: before Node 24 it never
 * closes when the connection is lost meanwhile.
 *
 * @param outgoing The response.
 * @param connection Its connection.
 * @param over Called once, when either has closed.
 */
export function waitBehindOthers(
  outgoing: Closing,
  connection: Closing,
  over: () => void,
): void {
  const others = waiting.get(connection) ?? listenTo(connection);
  const once = (): void => {
    if (others.delete(once)) over();
  };
  others.add(once);
  outgoing.once("close", once);
}

function listenTo(connection: Closing): Set<() => void> {
  const all = new Set<() => void>();
  waiting.set(connection, all);
  connection.once("close", () => all.forEach((over) => over()));
  return all;
}
