import type { ResponseOutcome } from "../task/task_run.ts";
import { type Closing, waitForClose } from "./node_connection.ts";
import type {
  Exchange,
  ResponseEndListener,
  ServerSource,
} from "./response_end_source.ts";
import { waitForTurn } from "./turn.ts";

/** The members of Node's `ServerResponse` and `Http2ServerResponse` that are read here. */
export interface Outgoing extends Closing {
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  readonly writableFinished: boolean;
  readonly writableEnded?: boolean;
  /** `null` while another response of the connection comes first, and when this one has finished. */
  readonly socket?: Connection | null;
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
  const over = (turns: 0 | 1): void =>
    listener.responseEnded(outcomeOf(outgoing), turns);
  waitForTurn(1, {
    turnHasCome(): void {
      if (isOver(outgoing)) over(0);
      else waitForClose(outgoing, connectionOf(outgoing), () => over(1));
    },
  });
  return response;
}

/**
 * Whether a response is over.
 *
 * @param outgoing The response.
 */
export function isOver(outgoing: Outgoing): boolean {
  const { closed, destroyed, writableFinished, writableEnded, stream } =
    outgoing;
  // over HTTP/2 a response has finished before the frame that ends it has left
  if (stream !== undefined) return stream.destroyed;
  // before Node 24 one big write counts as finished while it is on its way: `closed` knows better
  if (destroyed === true || (closed ?? writableFinished)) return true;
  const connection = connectionOf(outgoing);
  return (connection ? connection.destroyed : writableEnded) === true;
}

/**
 * The connection of a response. `undefined` over HTTP/2, where asking may throw, and for a response that
 * has only a stand-in for it, without events: what `serverless-http` makes never closes, and is over
 * when the handler has ended it.
 */
function connectionOf(outgoing: Outgoing): Connection | null | undefined {
  if (outgoing.stream !== undefined) return undefined;
  const { req, socket } = outgoing;
  const isReal =
    typeof (socket ?? req?.socket)?.prependOnceListener === "function";
  return isReal ? req?.socket : undefined;
}

/**
 * How a response ended; read while `close` is emitted, or later. Before Node 24 one big write counts
 * as finished even where the client left before its end: with the connection destroyed the outcome is
 * unknown. There a response counts as finished, too, that was written when the client had gone: but a
 * finished one has no connection any more. The outcome is also unknown where a response has closed
 * unfinished and its connection is not lost, as that of Fastify's `inject()` does. HTTP/2 marks every
 * response as finished, so there only an error and an abort are certain.
 */
function outcomeOf(outgoing: Outgoing): ResponseOutcome {
  const { writableFinished, req, socket, stream } = outgoing;
  if ((stream ?? outgoing).errored) return "errored";
  if (stream !== undefined) return stream.aborted ? "aborted" : "unknown";
  const { destroyed, writableFinished: isEnded } = req?.socket ?? {};
  if (!writableFinished || socket?.destroyed) {
    return destroyed ? "aborted" : "unknown";
  }
  return destroyed === false || isEnded ? "sent" : "unknown";
}
