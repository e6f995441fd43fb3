import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./ports.ts";

/** What stands between a client and a server of 127.0.0.1, and fails as networks do. It begins down. */
export class TestProxy implements AsyncDisposable {
  #target: number;
  /** Both ends of each connection. */
  readonly #sockets = new Set<Socket>();
  /** The ends of the clients. */
  readonly #clients = new Set<Socket>();
  /** The clients of which nothing is handed on, in either direction. */
  readonly #dead = new WeakSet<Socket>();
  #server: Server | undefined;
  #swallows = false;
  #isFrozen = false;

  /** The port the client connects to. */
  readonly port: number;

  private constructor(target: number, port: number) {
    this.#target = target;
    this.port = port;
  }

  /** Makes one in front of a port. */
  static async create(target: number): Promise<TestProxy> {
    return new TestProxy(target, await freePort());
  }

  /** Accepts connections, and hands everything on; a connection that was lost stays so. */
  async up(): Promise<void> {
    this.#swallows = false;
    await this.#listen();
  }

  /** Refuses connections, and cuts those it has. */
  async down(): Promise<void> {
    const closing = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (closing === undefined) return;
    closing.close();
    await once(closing, "close");
  }

  /** Accepts connections, and hands nothing on, of those it has neither: nobody is told. */
  async blackHole(): Promise<void> {
    await this.#listen();
    this.#swallows = true;
    for (const client of this.#clients) this.#dead.add(client);
  }

  /** Leads further connections to another port; those it has stay where they are. */
  redirect(target: number): void {
    this.#target = target;
  }

  /** Hands nothing on until {@linkcode thaw}, and then all of it. */
  freeze(): void {
    this.#isFrozen = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Ends {@linkcode freeze}. */
  thaw(): void {
    this.#isFrozen = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Same as {@linkcode down}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  async #listen(): Promise<void> {
    if (this.#server !== undefined) return;
    this.#server = createServer((client) => this.#link(client));
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  #link(client: Socket): void {
    const upstream = connect(this.#target, "127.0.0.1");
    this.#clients.add(client);
    client.on("close", () => this.#clients.delete(client));
    if (this.#swallows) this.#dead.add(client);
    this.#pass(client, upstream, client);
    this.#pass(upstream, client, client);
  }

  /** Hands on what comes from one end to the other. */
  #pass(from: Socket, to: Socket, client: Socket): void {
    this.#sockets.add(from);
    from.on("data", (data) => {
      if (!this.#dead.has(client)) to.write(data);
    });
    from.on("error", () => {}); // "close" follows
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    if (this.#isFrozen) from.pause();
  }
}
