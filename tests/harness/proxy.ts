import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./ports.ts";

/** What stands between a client and a server, and fails as networks do. */
export interface Proxy extends AsyncDisposable {
  /** The port on 127.0.0.1 the client connects to. */
  readonly port: number;
  /** Accepts connections, and hands everything on; a connection that was lost stays so. */
  up(): Promise<void>;
  /** Refuses connections, and cuts those it has. */
  down(): Promise<void>;
  /** Accepts connections, and hands nothing on, of those it has neither: nobody is told. */
  blackHole(): Promise<void>;
  /** Hands nothing on until {@linkcode thaw}, and then all of it. */
  freeze(): void;
  /** Ends {@linkcode freeze}. */
  thaw(): void;
}

/** Makes a proxy in front of a port of 127.0.0.1. It is down. */
export async function createProxy(target: number): Promise<Proxy> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  const clients = new Set<Socket>();
  let server: Server | undefined;
  let swallows = false;
  const dead = new Set<Socket>();
  let frozen = false;
  const link = (client: Socket): void => {
    const upstream = connect(target, "127.0.0.1");
    for (
      const [from, to] of [[client, upstream], [upstream, client]] as const
    ) {
      sockets.add(from);
      from.on("data", (data) => {
        if (!dead.has(client)) to.write(data);
      });
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      if (frozen) from.pause();
    }
    clients.add(client);
    client.on("close", () => clients.delete(client));
    if (swallows) dead.add(client);
  };
  const down = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    for (const socket of sockets) socket.destroy();
    if (closing === undefined) return;
    closing.close();
    await once(closing, "close");
  };
  const listen = async (): Promise<void> => {
    if (server !== undefined) return;
    server = createServer(link).listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  return {
    port,
    down,
    async up(): Promise<void> {
      swallows = false;
      await listen();
    },
    async blackHole(): Promise<void> {
      await listen();
      swallows = true;
      for (const client of clients) dead.add(client);
    },
    freeze(): void {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw(): void {
      frozen = false;
      for (const socket of sockets) socket.resume();
    },
    [Symbol.asyncDispose]: down,
  };
}
