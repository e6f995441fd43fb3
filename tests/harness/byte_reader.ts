import type { Socket } from "node:net";

/** Reads the bytes of a socket in pieces of a wanted size. */
export class ByteReader {
  #chunks: Uint8Array[] = [];
  #ended = false;
  #wake: () => void = () => {};

  /** Starts to read `socket`. */
  constructor(socket: Socket) {
    socket.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    socket.once("error", () => {}); // "close" follows
    socket.once("end", () => this.#end());
    socket.once("close", () => this.#end());
  }

  /** Reads the next bytes, as many as have come; nothing at the end. */
  async chunk(): Promise<Uint8Array | undefined> {
    while (this.#chunks.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#chunks.shift();
  }

  /** Reads exactly `length` bytes. */
  async exactly(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let offset = 0; offset < length;) {
      const chunk = await this.#chunkOrThrow(offset, length);
      const wanted = chunk.subarray(0, length - offset);
      bytes.set(wanted, offset);
      offset += wanted.length;
      if (wanted.length < chunk.length) {
        this.#chunks.unshift(chunk.subarray(wanted.length));
      }
    }
    return bytes;
  }

  /** Reads a line, which ends with CRLF, and returns it without. */
  async line(): Promise<string> {
    let line = "";
    while (!line.endsWith("\r\n")) {
      const chunk = await this.#chunkOrThrow(line.length, "a line");
      const length = chunk.indexOf(0x0a) + 1 || chunk.length;
      line += String.fromCharCode(...chunk.subarray(0, length));
      if (length < chunk.length) this.#chunks.unshift(chunk.subarray(length));
    }
    return line.slice(0, -2);
  }

  /** Reads all that is left. */
  async rest(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for (
      let chunk = await this.chunk();
      chunk !== undefined;
      chunk = await this.chunk()
    ) chunks.push(chunk);
    return concat(chunks);
  }

  async #chunkOrThrow(
    have: number,
    want: number | string,
  ): Promise<Uint8Array> {
    const chunk = await this.chunk();
    if (chunk !== undefined) return chunk;
    throw new Error(
      `Cannot read ${want} from the connection: it was closed after ${have} bytes of that`,
    );
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}

/** Joins pieces of bytes. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(
    chunks.reduce((length, chunk) => length + chunk.length, 0),
  );
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
