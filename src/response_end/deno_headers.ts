import { innerOf } from "./body_state.ts";

/** Encodings that `fetch()` has undone in the bytes, and not in the headers. */
const DECODED = /^(gzip|br)$/i;

/**
 * Adds the headers that Deno's server would have sent for the original response to the copy whose
 * body is a stream.
 *
 * @param response The response as the handler returned it.
 * @param copy The one that is sent, whose body is a stream.
 */
export function keepDenoHeaders(
  response: Response,
  { headers }: Response,
): void {
  const isDecoded = response.url !== "" &&
    DECODED.test(headers.get("content-encoding") ?? "");
  if (isDecoded) {
    headers.delete("content-encoding");
    headers.delete("content-length");
    return;
  }
  const length = lengthOf(response);
  if (length === undefined || headers.has("content-length")) return;
  headers.set("content-length", String(length));
}

/** The length of a text or of bytes in memory; Deno sends a `Blob` without one. */
function lengthOf(response: Response): number | undefined {
  const source = innerOf(response)?.body?.source;
  return typeof source === "string"
    ? new TextEncoder().encode(source).length
    : ArrayBuffer.isView(source)
    ? source.byteLength
    : undefined;
}
