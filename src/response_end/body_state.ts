/** What a runtime tells about a stream that the server, or the host, reads. */
type BodyState = "readable" | "closed" | "errored";

/**
 * The private state of a web stream: Node and Bun show it to their own streams, Deno and workerd to
 * `inspect`.
 */
interface KnownObject {
  readonly [symbol: symbol]: unknown;
}

const READABLE = Symbol.for("nodejs.stream.readable");
const ERRORED = Symbol.for("nodejs.stream.errored");

/**
 * The state of a stream that other code may be reading. Asking does not change the stream.
 *
 * @param body The stream.
 * @returns The state; a cancelled stream is `closed`. `undefined` where the runtime does not show it,
 * or reads the stream natively, so that the state in JS does not change.
 */
export function stateOf(
  body: ReadableStream<Uint8Array>,
): BodyState | undefined {
  const known = body as unknown as KnownObject;
  if (typeof known[READABLE] === "boolean") {
    if (known[READABLE]) return "readable";
    return known[ERRORED] ? "errored" : "closed";
  }
  if (known[symbolOf(body, "[[resourceBacking]]")]) return undefined;
  const state = known[symbolOf(body, "[[state]]")] ??
    known[symbolOf(ReadableStream.prototype, "state")];
  return isState(state) ? state : undefined;
}

function isState(value: unknown): value is BodyState {
  return ["readable", "closed", "errored"].includes(value as string);
}

/** The symbol with this description. Where there is none, a symbol that no object has. */
export function symbolOf(owner: object, description: string): symbol {
  return Object.getOwnPropertySymbols(owner)
    .find((symbol) => symbol.description === description) ?? NONE;
}

const NONE = Symbol();

/** The member of `globalThis.Bun` that is read here. */
interface BunGlobals {
  readonly Bun?: { inspect(value: unknown): string };
}

/** What Deno keeps of a `Response`: no body also where nothing but a string is there. */
interface DenoResponse {
  readonly body: { readonly source: unknown } | null;
}

/** What is known about a body before anything reads it. */
interface Body {
  /** `undefined` where it is shown to be in memory, or nothing at all. */
  readonly stream: ReadableStream<Uint8Array> | undefined;
  /** Whether the stream may be one of bytes in memory: Node shows nothing of most. */
  readonly mayBeInMemory: boolean;
}

/**
 * The body of a response. `response.body` is read only where it is a stream: it would cost a body in
 * memory its `Content-Type` on Bun, and `@hono/node-server` the head that it keeps with the body.
 *
 * @param response The response.
 */
export function bodyOf(response: Response): Body {
  const shown = bunBodyOf(response) ?? denoBodyOf(response) ??
    nodeServerBodyOf(response);
  if (shown === "in memory") return IN_MEMORY;
  const stream = shown ?? response.body;
  if (!(stream instanceof ReadableStream)) return IN_MEMORY;
  // `shown` is `undefined` on Node, which does not show where a body is kept; one with a URL was fetched
  const mayBeInMemory = shown === undefined && response.url === "" &&
    !stream.locked && lendsByteReader(stream);
  return { stream, mayBeInMemory };
}

/** A body in memory, or none: there is no stream to watch. */
export const IN_MEMORY: Body = { stream: undefined, mayBeInMemory: false };

/** What a runtime shows of a body; `undefined` where it shows nothing. */
type Shown = "in memory" | ReadableStream<Uint8Array> | null | undefined;

/** A string, a `Blob`, a `File` and what Bun reads from a disk are shown when a response is inspected. */
function bunBodyOf(response: Response): Shown {
  const { Bun } = globalThis as BunGlobals;
  if (Bun === undefined) return undefined;
  const inMemory = /\n {2}bodyUsed: \w+,\n {2}(Blob|File|FileRef) /;
  return inMemory.test(Bun.inspect(response)) ? "in memory" : response.body;
}

function denoBodyOf(response: Response): Shown {
  const inner = innerOf(response);
  if (inner === undefined) return undefined;
  return inner.body?.source === null ? response.body : "in memory";
}

/**
 * `@hono/node-server` keeps status, body and headers as the app gave them, until a property of the
 * response is read.
 */
function nodeServerBodyOf(response: Response): Shown {
  const cached: unknown = Reflect.get(response, symbolOf(response, "cache"));
  if (!Array.isArray(cached)) return undefined;
  return cached[1] instanceof ReadableStream ? cached[1] : "in memory";
}

/** What Deno keeps of a response, as it inspects it. */
export function innerOf(response: Response): DenoResponse | undefined {
  return Reflect.get(response, symbolOf(response, "response"));
}

/**
 * Whether a stream lends a byte reader: a body held in memory does, a stream made in JS does not,
 * unless it was made as a byte stream.
 *
 * @param body The stream, which nobody reads.
 */
export function lendsByteReader(body: ReadableStream<Uint8Array>): boolean {
  try {
    body.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
