/**
 * An HTTP/1.1 client over a bare socket. It hides nothing: a test sees when
 * the head and the last byte came, and may stop reading or leave half-way.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { ByteReader } from "./byte_reader.ts";
import {
  type CompleteResponse,
  readBody,
  readHead,
  type ResponseHead,
} from "./http_response.ts";

/** A request, beside its path. */
export interface RequestOptions {
  /**
   * The method.
   *
   * @default {"GET"}
   */
  readonly method?: string;
  /**
   * Headers beside `Host` and `Content-Length`.
   *
   * @default {{}}
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body; with a `Transfer-Encoding`, as it goes over the wire. */
  readonly body?: string | Uint8Array;
}

/** A response on its way. Neither promise has to be awaited. */
export interface PendingResponse {
  /** Settles when status and headers are there. */
  readonly head: Promise<ResponseHead>;
  /** Settles when the last byte is there; rejects when the connection is closed before. */
  readonly complete: Promise<CompleteResponse>;
}

/** One connection to a server on this machine. */
export class Connection implements Disposable {
  readonly #reader: ByteReader;
  readonly #socket: Socket;
  #previous: Promise<unknown> = Promise.resolve();

  /** Settles when the connection is closed, by whichever side. */
  readonly closed: Promise<void>;

  /** Takes over a connected socket. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#reader = new ByteReader(socket);
    this.closed = new Promise((resolve) =>
      socket.once("close", () => resolve())
    );
  }

  /** Sends bytes as they are. */
  send(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  /** Sends a request and reads its response; more may be sent before it has come. */
  request(path: string, options: RequestOptions = {}): PendingResponse {
    this.send(serialize(path, options));
    return this.response(options.method);
  }

  /** Reads the response to a request that {@linkcode send} has sent. */
  response(method = "GET"): PendingResponse {
    const head = this.#previous.then(() => readHead(this.#reader));
    const complete = head.then(async (head) => {
      const body = await readBody(this.#reader, method, head);
      return {
        ...head,
        body,
        endedAt: performance.now(),
        text: new TextDecoder().decode(body),
      };
    });
    this.#previous = complete;
    for (const promise of [head, complete]) promise.catch(() => {}); // a test that leaves half-way awaits neither
    return { complete, head };
  }

  /** Stops reading: the kernel's buffers fill up and the server has to wait. */
  pause(): void {
    this.#socket.pause();
  }

  /** Goes on reading. */
  resume(): void {
    this.#socket.resume();
  }

  /** Says that nothing more will be sent (FIN); still reads. */
  end(): void {
    this.#socket.end();
  }

  /** Leaves at once, with a reset (RST). */
  destroy(): void {
    this.#socket.resetAndDestroy();
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** Connects to a port on 127.0.0.1. */
export async function connect(port: number): Promise<Connection> {
  const socket = createConnection({
    allowHalfOpen: true,
    host: "127.0.0.1",
    noDelay: true,
    port,
  });
  await once(socket, "connect");
  return new Connection(socket);
}

/** Makes one request on a connection of its own. */
export async function request(
  port: number,
  path: string,
  options: RequestOptions = {},
): Promise<CompleteResponse> {
  using connection = await connect(port);
  const headers = { Connection: "close", ...options.headers };
  return await connection.request(path, { ...options, headers }).complete;
}

function serialize(
  path: string,
  { method = "GET", headers = {}, body }: RequestOptions,
): Uint8Array {
  const bytes = typeof body === "string"
    ? new TextEncoder().encode(body)
    : body;
  const all = {
    Host: "127.0.0.1",
    ...(bytes && !("Transfer-Encoding" in headers) && {
      "Content-Length": String(bytes.length),
    }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) =>
    `${name}: ${value}\r\n`
  );
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`),
    bytes ?? new Uint8Array(),
  ]);
}
