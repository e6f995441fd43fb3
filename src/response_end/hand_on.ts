import type { ResponseOutcome } from "../task/task_run.ts";
import { keepDenoHeaders } from "./deno_headers.ts";
import { UNREAD } from "./response_end_source.ts";
import { IS_DENO } from "./runtime.ts";

/**
 * Hands the body of a response on without holding anything back or asking ahead. Never
 * `type: "bytes"`, which takes the source's buffers away, and never `tee`, which keeps what the
 * client has not read.
 *
 * @param response The response, with a body that nobody reads.
 * @param over Called once, when the body has ended, failed or been cancelled, or when nobody has
 * begun to read it.
 * @returns The response to send instead.
 * @throws {RangeError} If the status is one that only a server may send; nothing is touched then.
 */
export function handOn(
  response: Response,
  over: (outcome: ResponseOutcome) => void,
): Response {
  const source = new Source(response.body!, over);
  const copy = new Response(
    new ReadableStream(source, { highWaterMark: 0 }),
    response,
  );
  if (IS_DENO) keepDenoHeaders(response, copy);
  source.begin();
  return copy;
}

/** The most bytes sent at once: the end of a body in memory must not come with its beginning. */
const PIECE = 64 * 1024;

/** Reads a chunk at a time: the types of Bun, of Node and of the web name its reader differently. */
interface ChunkReader {
  read(): Promise<Chunk>;
  cancel(reason: unknown): Promise<void>;
}

/** The result of one read. */
type Chunk = {
  readonly done: boolean;
  readonly value?: Uint8Array | undefined;
};

/** A stream that is made of another one. */
class Source {
  readonly #body: ReadableStream<Uint8Array>;
  #reader: ChunkReader | undefined = undefined;
  #over: ((outcome: ResponseOutcome) => void) | undefined;
  #unread: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(
    body: ReadableStream<Uint8Array>,
    over: (outcome: ResponseOutcome) => void,
  ) {
    this.#body = body;
    this.#over = over;
  }

  /** Takes the body's reader, once the new response has been made. */
  begin(): void {
    this.#reader = this.#body.getReader();
    this.#unread = setTimeout(() => this.#report("unknown"), UNREAD);
  }

  async pull(
    controller: ReadableStreamDefaultController<Uint8Array>,
  ): Promise<void> {
    clearTimeout(this.#unread);
    try {
      const { done, value } = await this.#reader!.read();
      if (!done) return enqueue(controller, value!);
      controller.close();
      this.#report("sent");
    } catch (error) {
      controller.error(error);
      this.#report("errored");
    }
  }

  cancel(reason: unknown): Promise<void> {
    this.#report("aborted");
    return this.#reader!.cancel(reason);
  }

  #report(outcome: ResponseOutcome): void {
    clearTimeout(this.#unread);
    this.#over?.(outcome);
    this.#over = undefined;
  }
}

/** Hands a chunk on in pieces. The next chunk is asked for when the last piece has been read. */
function enqueue(
  controller: ReadableStreamDefaultController<Uint8Array>,
  chunk: Uint8Array,
): void {
  let rest = chunk;
  while (rest.length > PIECE) {
    controller.enqueue(rest.subarray(0, PIECE));
    rest = rest.subarray(PIECE);
  }
  controller.enqueue(rest);
}
