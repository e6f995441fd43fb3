import { type ByteReader, concat } from "./byte_reader.ts";

/** What precedes the body of a response. */
export interface ResponseHead {
  /** The status code. */
  readonly status: number;
  /** The headers as they were on the wire. */
  readonly headers: Headers;
}

/** A response that has come to its end. */
export interface CompleteResponse extends ResponseHead {
  /** The body without its transfer encoding. */
  readonly body: Uint8Array;
  /** The body as UTF-8. */
  readonly text: string;
  /** When its last byte was there, on the clock of `performance.now()`. */
  readonly endedAt: number;
}

/** Reads status and headers, past any informational response. */
export async function readHead(reader: ByteReader): Promise<ResponseHead> {
  const status = Number((await reader.line()).split(" ")[1]);
  const headers = await readHeaders(reader);
  return status < 200 && status !== 101
    ? await readHead(reader)
    : { status, headers };
}

/** Reads the body that follows `head`. */
export async function readBody(
  reader: ByteReader,
  method: string,
  head: ResponseHead,
): Promise<Uint8Array> {
  const { headers, status } = head;
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
    return new Uint8Array();
  }
  if (headers.get("transfer-encoding") === "chunked") {
    return await readChunked(reader);
  }
  const length = headers.get("content-length");
  return length === null
    ? await reader.rest()
    : await reader.exactly(Number(length));
}

async function readHeaders(reader: ByteReader): Promise<Headers> {
  const headers = new Headers();
  for (
    let line = await reader.line();
    line !== "";
    line = await reader.line()
  ) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}

async function readChunked(reader: ByteReader): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (
    let size = await readSize(reader);
    size > 0;
    size = await readSize(reader)
  ) {
    chunks.push(await reader.exactly(size));
    await reader.line();
  }
  await readHeaders(reader); // the trailers
  return concat(chunks);
}

async function readSize(reader: ByteReader): Promise<number> {
  return Number.parseInt(await reader.line(), 16);
}
