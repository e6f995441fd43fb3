import { createReadStream, statSync } from "node:fs";
import { Readable } from "node:stream";

/**
 * A file as a response, the way each runtime sends files.
 *
 * @param path The file.
 * @param range The `Range` header, such as `bytes=0-99`.
 */
export async function fileBody(
  path: string,
  range: string | undefined,
): Promise<Response> {
  const { size } = statSync(path);
  const match = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
  const [start, end] = match
    ? [Number(match[1]), Number(match[2])]
    : [0, size - 1];
  if (start >= size) {
    const headers = { "content-range": `bytes */${size}` };
    return new Response(null, { status: 416, headers });
  }
  const body = await openFile(path, start, end);
  const headers: Record<string, string> = {
    "content-type": "application/octet-stream",
  };
  if (match) headers["content-range"] = `bytes ${start}-${end}/${size}`;
  return new Response(body, { status: match ? 206 : 200, headers });
}

async function openFile(
  path: string,
  start: number,
  end: number,
): Promise<BodyInit> {
  if ("Bun" in globalThis) {
    const { Bun } = globalThis as unknown as {
      Bun: { file(path: string): Blob };
    };
    return Bun.file(path).slice(start, end + 1);
  }
  if ("Deno" in globalThis && start === 0) {
    return (await Deno.open(path)).readable;
  }
  return Readable.toWeb(createReadStream(path, { start, end })) as never;
}
