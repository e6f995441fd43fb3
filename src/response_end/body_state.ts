/** What a runtime tells of a stream that somebody else reads. */
export type BodyState = "readable" | "closed" | "errored";

/** What Node and Bun show their own streams of a web stream, Deno and workerd whoever inspects it. */
interface KnownObject {
  readonly [symbol: symbol]: unknown;
}

const READABLE = Symbol.for("nodejs.stream.readable");
const ERRORED = Symbol.for("nodejs.stream.errored");

/**
 * What became of a stream, whoever reads it: asking changes nothing.
 *
 * @param body The stream.
 * @returns Its state, `closed` also where its reader has cancelled it; `undefined` where the runtime
 * does not tell, or where it reads the stream itself, past JS, and the state stays what it was.
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
  return value === "readable" || value === "closed" || value === "errored";
}

/** The symbol of that description, or one that nothing has. */
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
export interface DenoResponse {
  readonly body:
    | { readonly source: unknown; readonly length: number | null }
    | null;
}

/**
 * Whether the body of a response is in memory: bytes, a string, a `Blob`, nothing at all, or a file
 * that Bun sends by itself. Reading `response.body` tells it nowhere, and costs one in memory its
 * `Content-Type` on Bun.
 *
 * @param response The response, which nobody reads.
 * @returns Whether that is shown; `undefined` where the runtime shows nothing, such as Node.
 */
export function isInMemory(response: Response): boolean | undefined {
  const { Bun } = globalThis as BunGlobals;
  if (Bun !== undefined) {
    return /\n  bodyUsed: \w+(,\n  (Blob|FileRef) |,?\n})/
      .test(Bun.inspect(response));
  }
  const inner = innerOf(response);
  return inner && (inner.body === null || inner.body.source !== null);
}

/** What Deno keeps of a response, as it inspects it. */
export function innerOf(response: Response): DenoResponse | undefined {
  return Reflect.get(response, symbolOf(response, "response"));
}
