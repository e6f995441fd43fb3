import { describeValue } from "../check/check.ts";
import { writeError } from "../check/thrown.ts";

/**
 * What {@linkcode drainOnShutdown} can stop: a server of Deno, Bun, Node or srvx, or a function
 * that stops something else, such as event streams that would never end by themselves.
 */
export type StoppableServer =
  | (() => unknown)
  | { shutdown(): unknown }
  | { stop(): unknown }
  | { close(...args: never[]): unknown };

/** The members of Node's `Server` that are used here. */
interface NodeServer {
  close(callback: () => void): unknown;
  closeIdleConnections?(): void;
  closeAllConnections?(): void;
  prependListener(
    event: "request",
    listener: (request: NodeRequest, response: NodeResponse) => void,
  ): unknown;
}

/** The members of Node's `IncomingMessage` that are used here. */
interface NodeRequest {
  readonly socket: NodeSocket;
}

/** The members of Node's `Socket` that are used here. */
interface NodeSocket {
  once(event: "close", listener: () => void): unknown;
}

/** The members of Node's `ServerResponse` that are used here. */
interface NodeResponse {
  once(event: "close", listener: () => void): unknown;
  setHeader(name: string, value: string): unknown;
}

/** Milliseconds between two checks for idle connections of Node. */
const IDLE_CHECK = 50;

/** After more checks than this in a row without an open request, all connections are closed. */
const QUIET_CHECKS = 10;

/**
 * Finds out how a server is stopped, before its first request.
 *
 * @param server The server.
 * @returns A function that stops accepting, and waits for the requests in flight. What goes wrong
 * is written to `console.error`: the shutdown goes on.
 * @throws {TypeError} If it is no server and no function.
 */
export function prepareStop(server: StoppableServer): () => Promise<void> {
  const stop = stopOf(server);
  return async () => {
    try {
      await stop();
    } catch (error) {
      writeError("Background tasks: a server could not be stopped:", error);
    }
  };
}

function stopOf(server: StoppableServer): () => unknown {
  if (typeof server === "function") return server;
  if (can(server, "shutdown")) return () => server.shutdown(); // Deno
  if (can(server, "stop")) return () => server.stop(); // Bun
  if (isNodeServer(server)) return stopOfNode(server);
  if (can(server, "close")) return stopOfWrapper(server);
  throw new TypeError(
    `Cannot stop server ${
      describeValue(server)
    }: write the server itself, such as drainOnShutdown({ server: Deno.serve(app.fetch) })`,
  );
}

/**
 * Stops a server of Node. `close` waits for every connection, and Node keeps a connection open for
 * seconds after its last response. So each further response carries `connection: close`, and idle
 * connections are closed. Node does not count a connection as idle that has sent no request, or a
 * part of one: it has `QUIET_CHECKS` checks to send the rest.
 *
 * Node 20 to 26 count a connection as idle when its response has ended, even while bytes of the
 * response wait to be written. So no connection is closed while any response is being written.
 */
function stopOfNode(server: NodeServer): () => Promise<void> {
  const closeIdle = server.closeIdleConnections?.bind(server);
  const responses = closeIdle === undefined ? new Map() : responsesOf(server);
  return () =>
    new Promise((resolve) => {
      let quiet = 0;
      function check(): void {
        if ([...responses.values()].some((response) => response !== null)) {
          quiet = 0;
          return;
        }
        closeIdle?.();
        if (++quiet > QUIET_CHECKS) server.closeAllConnections?.();
      }
      const timer = setInterval(check, IDLE_CHECK);
      // HTTP/1 alone: its `close` calls `closeIdleConnections`, and HTTP/2 has no such header
      if (closeIdle !== undefined) {
        server.closeIdleConnections = check;
        server.prependListener("request", (_request, response) => {
          response.setHeader("connection", "close");
        });
      }
      server.close(() => {
        clearInterval(timer);
        resolve();
      });
    });
}

/**
 * The latest response of each connection; `null` once it is written. Responses leave in order, so
 * the earlier ones are written by then.
 */
function responsesOf(
  server: NodeServer,
): ReadonlyMap<NodeSocket, NodeResponse | null> {
  const responses = new Map<NodeSocket, NodeResponse | null>();
  server.prependListener("request", ({ socket }, response) => {
    if (!responses.has(socket)) {
      socket.once("close", () => responses.delete(socket));
    }
    responses.set(socket, response);
    response.once("close", () => {
      if (responses.get(socket) === response) responses.set(socket, null);
    });
  });
  return responses;
}

/**
 * Stops a server of srvx, which wraps that of its runtime. On Node the `close` of srvx leaves idle
 * connections open until their timeout, so the inner server is stopped first.
 */
function stopOfWrapper(
  server: { close(): unknown; node?: { server?: unknown } },
): () => unknown {
  const inner = server.node?.server;
  const stopInner = isNodeServer(inner) ? stopOfNode(inner) : undefined;
  return async () => {
    await stopInner?.();
    await server.close();
  };
}

function isNodeServer(server: unknown): server is NodeServer {
  return can(server, "listen") && can(server, "prependListener");
}

function can<Method extends string>(
  server: unknown,
  method: Method,
): server is { [key in Method]: () => unknown } {
  return typeof server === "object" && server !== null &&
    typeof (server as Record<string, unknown>)[method] === "function";
}
