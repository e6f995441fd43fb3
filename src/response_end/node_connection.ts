/** What tells that it has closed. */
export interface Closing {
  prependOnceListener(event: "close" | "finish", listener: () => void): unknown;
}

/**
 * The callbacks that wait for the loss of each connection. A connection has one listener for all of
 * them: Node warns of a leak where it has many.
 */
const waiting = new WeakMap<Closing, Set<() => void>>();

/**
 * Waits for a response to close, or for the loss of its connection. Some responses never close:
 *
 * - before Node 24, one that is queued behind another one when its connection is lost;
 * - one whose connection was taken away with `detachSocket()`;
 * - one that has no connection: for it `finish` stands.
 *
 * @param outgoing The response.
 * @param connection Its connection.
 * @param over Called once, when either has closed.
 */
export function waitForClose(
  outgoing: Closing,
  connection: Closing | null | undefined,
  over: () => void,
): void {
  const others = connection
    ? waiting.get(connection) ?? listenTo(connection)
    : new Set<() => void>();
  const once = (): void => {
    if (others.delete(once)) over();
  };
  others.add(once);
  // in front of the app's own listeners, one of which may end the response, or throw
  outgoing.prependOnceListener("close", once);
  // over HTTP/2 the two come together
  if (!connection) outgoing.prependOnceListener("finish", once);
}

function listenTo(connection: Closing): Set<() => void> {
  const all = new Set<() => void>();
  waiting.set(connection, all);
  connection.prependOnceListener("close", () => all.forEach((over) => over()));
  return all;
}
