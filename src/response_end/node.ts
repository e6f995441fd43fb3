import type { ResponseOutcome } from "../task/task_run.ts";
import type {
  Exchange,
  ResponseEndListener,
  ServerSource,
} from "./response_end_source.ts";

/** The members of Node's `ServerResponse` and `Http2ServerResponse` that are read here. */
export interface Outgoing {
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly errored?: unknown;
  readonly writableFinished: boolean;
  readonly req?: { readonly socket?: { readonly destroyed?: boolean } | null };
  readonly stream?: {
    readonly destroyed: boolean;
    readonly aborted: boolean;
    readonly errored?: unknown;
  };
  once(event: "close", listener: () => void): void;
}

/**
 * Node, and whatever speaks its `http`: the response is over when `outgoing` has closed, which
 * follows the last write to the kernel, or the loss of the connection. `close` may come while the
 * handler still runs, and does not come again: so its marks are read first.
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
  const over = (): void => listener.responseEnded(outcomeOf(outgoing), 1);
  if (isOver(outgoing)) over();
  else outgoing.once("close", over);
  return response;
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
 * response, so there only an error and an abort are sure.
 */
function outcomeOf(outgoing: Outgoing): ResponseOutcome {
  const { writableFinished, req, stream } = outgoing;
  if ((stream ?? outgoing).errored) return "errored";
  if (stream !== undefined) return stream.aborted ? "aborted" : "unknown";
  if (!writableFinished) return "aborted";
  return req?.socket?.destroyed === false ? "sent" : "unknown";
}
