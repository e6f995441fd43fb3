import { describeValue } from "./check.ts";
import { report } from "./thrown.ts";

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
  on(event: string, listener: (socket: NodeSocket) => void): unknown;
  prependListener(
    event: "request",
    listener: (
      request: unknown,
      response: { setHeader(name: string, value: string): unknown },
    ) => void,
  ): unknown;
}

/** The members of Node's `Socket` that are used here. */
interface NodeSocket {
  readonly writableLength: number;
  once(event: "close", listener: () => void): unknown;
}

/** How often connections of Node that have become idle are looked for, in milliseconds. */
const IDLE_CHECK = 50;

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
      report("Background tasks: a server could not be stopped:", error);
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
 * `close` waits for every connection, and Node keeps one open for seconds after its last response:
 * so each further response says that it is the last, and idle connections are closed.
 *
 * Node 20 to 26 take a connection for idle when its response has ended, however much of it is
 * still to be written: so nothing is closed while anything is.
 */
function stopOfNode(server: NodeServer): () => Promise<void> {
  const sockets = new Set<NodeSocket>();
  for (const event of ["connection", "secureConnection"]) {
    server.on(event, (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
  }
  return () =>
    new Promise((resolve) => {
      const timer = setInterval(closeIdle, IDLE_CHECK);
      const original = server.closeIdleConnections?.bind(server);
      function closeIdle(): void {
        if ([...sockets].some(({ writableLength }) => writableLength > 0)) {
          return;
        }
        original?.();
      }
      if (original !== undefined) { // HTTP/1: `close` calls it, and knows the header
        server.closeIdleConnections = closeIdle;
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

/** srvx wraps the server of its runtime; on Node its `close` leaves connections to their timeout. */
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
  return can(server, "close") && can(server, "prependListener");
}

function can<Method extends string>(
  server: unknown,
  method: Method,
): server is { [key in Method]: () => unknown } {
  return typeof server === "object" && server !== null &&
    typeof (server as Record<string, unknown>)[method] === "function";
}
