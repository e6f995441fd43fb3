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

/** The members of Node's servers of HTTP/1 and HTTP/2 that are used here. */
interface NodeServer {
  close(callback: () => void): unknown;
  closeIdleConnections?(): void;
  closeAllConnections?(): void;
  prependListener(
    event: "request",
    listener: (request: NodeRequest, response: NodeResponse) => void,
  ): unknown;
  prependListener(
    event: string,
    listener: (connection: NodeConnection) => void,
  ): unknown;
}

/** The members of Node's `IncomingMessage` and `Http2ServerRequest` that are used here. */
interface NodeRequest {
  readonly socket: NodeConnection;
}

/** The members of Node's `Socket` and of a session of HTTP/2 that are used here. */
interface NodeConnection {
  readonly destroyed: boolean;
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
  /** A session alone has it: no stream is accepted any more, and it ends with its last one. */
  close?(): void;
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
  for (const stop of ["shutdown", "stop"] as const) { // of Deno, of Bun
    if (can(server, stop)) return () => server[stop]();
  }
  if (isNodeServer(server)) return stopOfNode(server);
  if (can(server, "close")) return stopOfWrapper(server);
  throw new TypeError(
    `Cannot stop server ${
      describeValue(server)
    }: write drainOnShutdown({ server: Deno.serve(app.fetch) })`,
  );
}

/**
 * Stops a server of Node. `close` waits for every connection, and Node keeps a connection open for
 * seconds after its last response. So each further response carries `connection: close`, a session of
 * HTTP/2 is told to end with its last stream, and idle connections are closed. Node does not count a
 * connection as idle that has sent no request, or a part of one, and none of its servers knows one
 * that has not shaken hands for TLS: it has `QUIET_CHECKS` checks to send the rest.
 *
 * Node 20 to 26 count a connection as idle when its response has ended, even while bytes of the
 * response wait to be written. So no connection is closed while any response is being written.
 */
function stopOfNode(server: NodeServer): () => Promise<void> {
  const { closeIdleConnections: closeIdle } = server;
  const connections = connectionsOf(server);
  return () =>
    new Promise((resolve) => {
      let quiet = 0;
      function check(): void {
        quiet++;
        connections.forEach((work, connection) => {
          connection.close?.();
          if (work && !connection.destroyed) quiet = 0;
        });
        if (quiet) closeIdle?.call(server);
        if (quiet > QUIET_CHECKS) {
          server.closeAllConnections?.();
          connections.forEach((_, connection) => connection.destroy());
        }
      }
      const timer = setInterval(check, IDLE_CHECK);
      // HTTP/1 alone: its `close` calls `closeIdleConnections`, and HTTP/2 has no such header
      if (closeIdle) {
        server.closeIdleConnections = check;
        server.prependListener("request", (_request, response) => {
          response.setHeader("connection", "close");
        });
      }
      server.close(() => {
        clearInterval(timer);
        resolve();
      });
      check(); // a session takes no further request, which would be warned of that header
    });
}

/**
 * The open connections, each with what it is at work on, if anything: its latest response, because
 * responses leave in order. A session of HTTP/2 is at work until it is destroyed, with its last stream.
 * A connection of TLS is there twice, as the socket below and as the one above.
 */
function connectionsOf(
  server: NodeServer,
): ReadonlyMap<NodeConnection, unknown> {
  const connections = new Map<NodeConnection, unknown>();
  for (const event of ["connection", "secureConnection", "session"]) {
    server.prependListener(event, (connection: NodeConnection) => {
      connections.set(connection, connection.close);
      connection.once("close", () => connections.delete(connection));
    });
  }
  // a listener for requests changes what a server of HTTP/2 alone does with its streams
  if (server.closeIdleConnections) {
    server.prependListener("request", ({ socket }, response) => {
      connections.set(socket, response);
      response.once("close", () => {
        if (connections.get(socket) === response) connections.delete(socket);
      });
    });
  }
  return connections;
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
