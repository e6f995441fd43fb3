import { describeValue } from "./check.ts";

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
  prependListener(
    event: "request",
    listener: (
      request: unknown,
      response: { setHeader(name: string, value: string): unknown },
    ) => void,
  ): unknown;
}

/** How often connections of Node that have become idle are looked for, in milliseconds. */
const IDLE_CHECK = 50;

/**
 * Refuses what cannot be stopped.
 *
 * @param server What the user handed in.
 * @throws {TypeError} If it is no server and no function.
 */
export function checkServer(server: unknown): void {
  if (typeof server === "function") return;
  if (["shutdown", "stop", "close"].some((name) => can(server, name))) return;
  throw new TypeError(
    `Cannot stop server ${
      describeValue(server)
    }: write the server itself, such as drainOnShutdown({ server: Deno.serve(app.fetch) })`,
  );
}

/**
 * Stops accepting, and waits for the requests in flight. What goes wrong is written to
 * `console.error`: the shutdown goes on.
 *
 * @param server The server.
 */
export async function stopServer(server: StoppableServer): Promise<void> {
  try {
    if (typeof server === "function") await server();
    else if ("shutdown" in server) await server.shutdown(); // Deno
    else if ("stop" in server) await server.stop(); // Bun
    else if (isNodeServer(server)) await closeNodeServer(server);
    else await closeWrapper(server);
  } catch (error) {
    console.error("Background tasks: a server could not be stopped:", error);
  }
}

/**
 * `close` waits for every connection, and Node keeps one open for seconds after its last response:
 * so each further response says that it is the last, and idle connections are closed.
 */
function closeNodeServer(server: NodeServer): Promise<void> {
  return new Promise((resolve) => {
    const closeIdle = (): void => server.closeIdleConnections?.();
    const timer = setInterval(closeIdle, IDLE_CHECK);
    if (server.closeIdleConnections !== undefined) { // HTTP/2 knows no such header
      server.prependListener("request", (_request, response) => {
        response.setHeader("connection", "close");
      });
    }
    server.close(() => {
      clearInterval(timer);
      resolve();
    });
    closeIdle();
  });
}

/** srvx wraps the server of its runtime; on Node its `close` leaves connections to their timeout. */
async function closeWrapper(
  server: { close(): unknown; node?: { server?: unknown } },
): Promise<void> {
  const inner = server.node?.server;
  if (isNodeServer(inner)) await closeNodeServer(inner);
  await server.close();
}

function isNodeServer(server: unknown): server is NodeServer {
  return can(server, "close") && can(server, "prependListener");
}

function can(server: unknown, method: string): boolean {
  return typeof server === "object" && server !== null &&
    typeof (server as Record<string, unknown>)[method] === "function";
}
