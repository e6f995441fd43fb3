import type { ResponseOutcome } from "../task/task_run.ts";
import { type Closing, waitBehindOthers } from "./node_connection.ts";
import type {
  Exchange,
  ResponseEndListener,
  ServerSource,
} from "./response_end_source.ts";
import { type TurnListener, waitForTurn } from "./turn.ts";

/** The members of Node's `ServerResponse` and `Http2ServerResponse` that are read here. */
export interface Outgoing extends Closing {
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  readonly writableFinished: boolean;
  /** `null` while another response of the connection comes first, and when this one has finished. */
  readonly socket?: Closing | null;
  readonly req?: { readonly socket?: Connection | null };
  readonly stream?: {
    readonly destroyed: boolean;
    readonly aborted: boolean;
    readonly errored?: unknown;
  };
}

/** The connection a request came over. */
interface Connection extends Closing {
  readonly destroyed?: boolean;
  /** Whether the server has ended it after its last response. */
  readonly writableFinished?: boolean;
}

/**
 * Node, and whatever speaks its `http`: the response is over when `outgoing` has closed, which
 * follows the last write to the kernel, or the loss of the connection. `close` may come while the
 * handler still runs, and does not come again: so its marks are read first, in the next turn, when
 * most responses are over.
 */
export const node: ServerSource<Outgoing> = { find, responseEnd };

/** `@hono/node-server` hands over `{ incoming, outgoing }`, srvx `{ req, res }`. */
function find(platform: unknown): Outgoing | undefined {
  const server = platform as
    | { outgoing?: Outgoing; res?: Outgoing }
    | null
    | undefined;
  const outgoing = server?.outgoing ?? server?.res;
  return typeof outgoing?.writableFinished === "boolean" ? outgoing : undefined;
}

function responseEnd(
  listener: ResponseEndListener,
  { response }: Exchange,
  outgoing: Outgoing,
): Response | undefined {
  waitForTurn(1, new Sending(listener, outgoing));
  return response;
}

/** A response that Node's server sends. */
class Sending implements TurnListener {
  readonly #listener: ResponseEndListener;
  readonly #outgoing: Outgoing;

  constructor(listener: ResponseEndListener, outgoing: Outgoing) {
    this.#listener = listener;
    this.#outgoing = outgoing;
  }

  turnHasCome(): void {
    const outgoing = this.#outgoing;
    if (isOver(outgoing)) {
      this.#listener.responseEnded(outcomeOf(outgoing), 0);
      return;
    }
    const over = (): void =>
      this.#listener.responseEnded(outcomeOf(outgoing), 1);
    const { stream, req } = outgoing;
    // over HTTP/2 no response waits for another one, and asking for its socket may throw
    const isBehind = stream === undefined && outgoing.socket === null;
    if (isBehind && req?.socket) waitBehindOthers(outgoing, req.socket, over);
    else outgoing.once("close", over);
  }
}

/**
 * Whether a response is over.
 *
 * @param outgoing The response.
 */
export function isOver(
  { closed, destroyed, writableFinished, req, stream }: Outgoing,
): boolean {
  // over HTTP/2 a response has finished before the frame that ends it has left
  if (stream !== undefined) return stream.destroyed;
  // before Node 24 one big write counts as finished while it is on its way: `closed` knows better
  return destroyed === true || (closed ?? writableFinished) ||
    req?.socket?.destroyed === true;
}

/**
 * How a response ended; read while `close` is emitted, or later. Before Node 24 one big write counts
 * as finished even where the client left before its end: with the connection destroyed the outcome is
 * unknown. HTTP/2 marks every response as finished, so there only an error and an abort are certain.
 */
function outcomeOf(outgoing: Outgoing): ResponseOutcome {
  const { writableFinished, req, stream } = outgoing;
  if ((stream ?? outgoing).errored) return "errored";
  if (stream !== undefined) return stream.aborted ? "aborted" : "unknown";
  if (!writableFinished) return "aborted";
  const { destroyed, writableFinished: isEnded } = req?.socket ?? {};
  return destroyed === false || isEnded === true ? "sent" : "unknown";
}
