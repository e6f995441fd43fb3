/**
 * The trace that a message belongs to, as W3C writes it. OpenTelemetry's API keeps what is
 * registered in one place of the program, whichever copies of it there are, so nothing of it is
 * imported here: without it there is no trace.
 *
 * @module
 */
import type { TaskMessage, TraceContext } from "./task_queue.ts";

/** What is used of OpenTelemetry's context. */
interface OtelContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): OtelContext;
}

/** What is used of the API. */
interface OtelApi {
  readonly context?: {
    active(): OtelContext;
    with<Value>(context: OtelContext, fn: () => Value): Value;
  };
}

interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState?: TraceState | undefined;
}

/** What tracing systems say of a trace. It never changes: a change makes another one. */
interface TraceState {
  serialize(): string;
  get(key: string): string | undefined;
  set(key: string, value: string): TraceState;
  unset(key: string): TraceState;
}

/** Where the API keeps itself, and where a context keeps its span. */
const API = Symbol.for("opentelemetry.js.api.1");
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

/**
 * Adds the trace that is active to a message, if there is one and the message has none.
 *
 * @param message The message.
 * @returns The message, or a copy that names the trace.
 */
export function withTrace(message: TaskMessage): TaskMessage {
  if (message.trace !== undefined) return message;
  const trace = activeTrace();
  return trace === undefined ? message : { ...message, trace };
}

function activeTrace(): TraceContext | undefined {
  const span = api()?.context?.active().getValue(SPAN) as
    | { spanContext?(): SpanContext }
    | undefined;
  const { traceId, spanId, traceFlags, traceState } = span?.spanContext?.() ??
    {} as Partial<SpanContext>;
  if (traceId === undefined || traceFlags === undefined) return undefined;
  const flags = traceFlags.toString(16).padStart(2, "0");
  const traceparent = `00-${traceId}-${spanId}-${flags}`;
  if (!TRACEPARENT.test(traceparent)) return undefined;
  const tracestate = traceState?.serialize();
  return tracestate ? { traceparent, tracestate } : { traceparent };
}

/**
 * Calls a function in the trace of a message: a span that begins there is a child of the one that
 * added the task.
 *
 * @param body What an engine kept.
 * @param fn The function.
 * @returns What it returns.
 */
export function inTraceOf<Value>(body: unknown, fn: () => Value): Value {
  const { trace } = (body ?? {}) as Partial<TaskMessage>;
  const { traceparent, tracestate } = trace ?? {} as Partial<TraceContext>;
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  const { context } = api() ?? {};
  if (context === undefined || traceId === undefined) return fn();
  const span = remoteSpan({
    traceId,
    spanId: spanId!,
    traceFlags: parseInt(flags!, 16),
    traceState: tracestate ? stateOf(tracestate) : undefined,
    isRemote: true,
  });
  return context.with(context.active().setValue(SPAN, span), fn);
}

function api(): OtelApi | undefined {
  return (globalThis as { [API]?: OtelApi })[API];
}

/** Reads a `tracestate`. */
function stateOf(text: string): TraceState {
  const entries = text.split(",").map((entry) => entry.trim());
  const find = (key: string): string | undefined =>
    entries.find((entry) => entry.startsWith(`${key}=`));
  const unset = (key: string): TraceState =>
    stateOf(entries.filter((entry) => entry !== find(key)).join());
  return {
    serialize: () => text,
    get: (key) => find(key)?.slice(key.length + 1),
    // the latest entry is the first one
    set: (key, value) => stateOf(`${key}=${value},${unset(key).serialize()}`),
    unset,
  };
}

/** A span of another process: it has an address, and records nothing. */
function remoteSpan(
  context: SpanContext & { readonly isRemote: true },
): unknown {
  const itself = (): unknown => span;
  const span = {
    spanContext: () => context,
    isRecording: () => false,
    setAttribute: itself,
    setAttributes: itself,
    addEvent: itself,
    addLink: itself,
    addLinks: itself,
    setStatus: itself,
    updateName: itself,
    end: itself,
    recordException: itself,
  };
  return span;
}
