import { once } from "node:events";
import { connect } from "node:http2";
import { request } from "../../harness/http_client.ts";

/** A request to an app of `examples/frameworks/`. */
export interface Ask {
  /** The path. */
  readonly path: string;
  /** What goes as JSON, with POST; none for GET. */
  readonly body?: unknown;
  /** The media types to ask for. */
  readonly accept?: string;
}

/** What came back, to its last byte. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Asks an app; settles when the last byte is there. */
export type Client = (port: number, ask: Ask) => Promise<Answer>;

/** A client of HTTP/1.1. */
export async function http1(
  port: number,
  { path, body, accept = "*/*" }: Ask,
): Promise<Answer> {
  const headers = { accept, origin: `http://127.0.0.1:${port}` };
  if (body === undefined) return await request(port, path, { headers });
  return await request(port, path, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** A client of HTTP/2 without TLS. */
export async function http2(port: number, { path }: Ask): Promise<Answer> {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":path": path });
  const headers = once(stream, "response");
  let text = "";
  stream.setEncoding("utf8").on("data", (chunk: string) => text += chunk);
  await once(stream, "end");
  const [{ ":status": status }] = await headers;
  session.close();
  return { status, text };
}
