/** Responses that are made in an uncommon way. Each takes the number of bytes that it is to have. */
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";

const BLOCK = 16 * 1024;

/** What makes each kind of response. */
export const kinds: Readonly<Record<string, (size: number) => Response>> = {
  blob: (size) => new Response(new Blob([bytes(size)])),
  form: (size) => {
    const form = new FormData();
    form.set("file", new File([bytes(size)], "file"));
    // a boundary of its own for each, which no two answers share: so the bytes are sent alone
    return new Response(form.get("file"));
  },
  params: (size) => new Response(new URLSearchParams({ a: text(size) })),
  view: (size) => new Response(new DataView(bytes(size).buffer)),
  buffer: (size) => new Response(bytes(size).buffer),
  json: (size) => Response.json({ text: text(size) }),
  redirect: () => Response.redirect("http://127.0.0.1/elsewhere", 302),
  subclass: (size) => new Answer(text(size)),
  "subclass-stream": (size) => new Answer(stream(size)),
  clone: (size) => new Response(stream(size)).clone(),
  "cloned-bytes": (size) => {
    const response = new Response(bytes(size));
    response.clone();
    return response;
  },
  counted: (size) =>
    new Response(stream(size, new CountQueuingStrategy({ highWaterMark: 16 }))),
  "by-length": (size) =>
    new Response(
      stream(
        size,
        new ByteLengthQueuingStrategy({ highWaterMark: 1024 * 1024 }),
      ),
    ),
  started: (size) =>
    new Response(
      new ReadableStream({
        start(controller) {
          for (const block of blocks(size)) controller.enqueue(block);
          controller.close();
        },
      }),
    ),
  empty: () =>
    new Response(
      new ReadableStream({ start: (controller) => controller.close() }),
    ),
  "empty-string": () => new Response(""),
  "empty-bytes": () => new Response(new Uint8Array()),
  transformed: (size) =>
    new Response(stream(size).pipeThrough(new TransformStream())),
  encoded: (size) =>
    new Response(
      new ReadableStream<string>({
        pull(controller) {
          controller.enqueue(text(size));
          controller.close();
        },
      }).pipeThrough(new TextEncoderStream()),
    ),
  gzip: (size) =>
    new Response(
      stream(size).pipeThrough(new CompressionStream("gzip") as never),
      {
        headers: { "content-encoding": "gzip" },
      },
    ),
  "gzip-unsaid": (size) =>
    new Response(
      stream(size).pipeThrough(new CompressionStream("gzip") as never),
    ),
  "gzip-bytes": (size) =>
    new Response(bytes(size), { headers: { "content-encoding": "x-own" } }),
  "body-of": (size) => new Response(new Response(bytes(size)).body),
  "body-of-blob": (size) => new Response(new Blob([bytes(size)]).stream()),
  "tee-unread": (size) => new Response(stream(size).tee()[0]),
  pushed: (size) => {
    const { readable, writable } = new TransformStream<
      Uint8Array,
      Uint8Array
    >();
    const write = async (): Promise<void> => {
      const writer = writable.getWriter();
      for (const block of blocks(size)) await writer.write(block);
      await writer.close();
    };
    write().catch(() => {});
    return new Response(readable);
  },
  "node-stream": (size) =>
    new Response(
      Readable.toWeb(
        Readable.from(blocks(size), { objectMode: false }),
      ) as never,
    ),
  "node-zip": (size) => {
    const zip = createGzip();
    zip.end(bytes(size));
    const headers = { "content-encoding": "gzip" };
    return new Response(
      Readable.toWeb(zip) as never,
      { headers, encodeBody: "manual" } as never,
    );
  },
  constant: () => new Response(CONSTANT),
};

/** Responses that no server can send as they are. */
export const broken: Readonly<Record<string, (size: number) => Response>> = {
  "cancelled": (size) => {
    const response = new Response(stream(size));
    response.body!.cancel();
    return response;
  },
  "used": (size) => {
    const response = new Response(bytes(size));
    response.text();
    return response;
  },
  locked: (size) => {
    const response = new Response(stream(size));
    response.body!.getReader();
    return response;
  },
  "error": () => Response.error(),
  "fails-at-once": () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.error(new Error("no")),
      }),
    ),
  "chunk": () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(17 as never);
          controller.close();
        },
      }),
    ),
  "null-status": () =>
    new Response(null, { status: 204, headers: { "content-length": "5" } }),
};

const CONSTANT = bytes(100_000);

class Answer extends Response {
  readonly kind = "answer";
}

function bytes(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).fill(7);
}

function text(size: number): string {
  return "x".repeat(size);
}

function* blocks(size: number): Generator<Uint8Array> {
  for (let sent = 0; sent < size; sent += BLOCK) {
    yield bytes(Math.min(BLOCK, size - sent));
  }
}

function stream(
  size: number,
  strategy?: QueuingStrategy<Uint8Array>,
): ReadableStream<Uint8Array> {
  const rest = blocks(size);
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = rest.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  }, strategy);
}
