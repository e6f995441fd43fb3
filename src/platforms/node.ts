import type { ResponseOutcome } from "../task_options.ts";
import { nextTurn } from "../turn.ts";
import type {
  Exchange,
  ResponseEndListener,
  ResponseEndSource,
  SrvxRequest,
} from "./types.ts";

/** The members of Node's `ServerResponse` and `Http2ServerResponse` that are read here. */
interface Outgoing {
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  readonly writableFinished: boolean;
  readonly req?: { readonly socket?: { readonly destroyed?: boolean } | null };
  readonly stream?: { readonly destroyed: boolean; readonly aborted: boolean };
  once(event: "close", listener: () => void): void;
}

/**
 * Node, and whatever speaks its `http`: the response is over when `outgoing` has closed, which
 * follows the last write to the kernel, or the loss of the connection. `close` may come while the
 * handler still runs, and does not come again: so its marks are read first.
 */
export const node: ResponseEndSource = { canTell, responseEnd };

function canTell(exchange: Exchange): boolean {
  return outgoingOf(exchange) !== undefined;
}

function responseEnd(
  exchange: Exchange,
  listener: ResponseEndListener,
): Response | undefined {
  const outgoing = outgoingOf(exchange)!;
  const over = (): void => {
    const outcome = outcomeOf(outgoing);
    nextTurn(() => listener.responseEnded(outcome));
  };
  if (isOver(outgoing)) over();
  else outgoing.once("close", over);
  return exchange.response;
}

/** `@hono/node-server` hands over `{ incoming, outgoing }`; srvx puts it on the request. */
function outgoingOf({ platform, request }: Exchange): Outgoing | undefined {
  const server = platform as { outgoing?: Outgoing } | null | undefined;
  const srvx = request as SrvxRequest | undefined;
  const outgoing = server?.outgoing ??
    srvx?.runtime?.node?.res as Outgoing | undefined;
  return typeof outgoing?.writableFinished === "boolean" ? outgoing : undefined;
}

function isOver(
  { closed, destroyed, writableFinished, stream }: Outgoing,
): boolean {
  return closed === true || destroyed === true || writableFinished ||
    stream?.destroyed === true;
}

/**
 * Read while `close` is being emitted. Before Node 24 one big write that a client did not wait for
 * counts as finished, with the connection destroyed: then nobody can tell. HTTP/2 finishes every
 * response, so there only an abort is sure.
 */
function outcomeOf(outgoing: Outgoing): ResponseOutcome {
  const { errored, writableFinished, req, stream } = outgoing;
  if (stream !== undefined) return stream.aborted ? "aborted" : "unknown";
  if (errored !== undefined && errored !== null) return "errored";
  if (!writableFinished) return "aborted";
  return req?.socket?.destroyed === false ? "sent" : "unknown";
}
