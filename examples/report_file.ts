// Part of report.ts: a file as the body of a response, on every runtime with files.
import { createReadStream } from "node:fs";

declare const Bun: { file(path: string): Blob };

/** The bytes from `start` to `end`, both included. The file is opened when somebody reads. */
export function fileBody(
  path: string,
  start: number,
  end: number,
): ReadableStream {
  if ("Bun" in globalThis) {
    return Bun.file(path).slice(start, end + 1) as never; // sent by the kernel, never read here
  }
  return ReadableStream.from(readFile(path, start, end));
}

async function* readFile(
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path, { start, end });
}
