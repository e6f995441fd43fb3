import type { RetryOptions } from "../task/policy.ts";

/** A value that survives `JSON.parse(JSON.stringify(value))`. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** The trace a message belongs to, as W3C writes it in headers. */
export interface TraceContext {
  /** The trace, and the span that added the task. */
  readonly traceparent: string;
  /** What tracing systems add to it. */
  readonly tracestate?: string;
}

/** One durable task on its way to a worker. It is JSON, and holds nothing but what is here. */
export interface TaskMessage {
  /** The version of this format. */
  readonly version: 1;
  /** A UUID of the task. An engine that is handed the same one twice may keep one. */
  readonly id: string;
  /** The name given to `defineTask`, by which a worker finds the handler. */
  readonly task: string;
  /** What the handler is called with, behind its context: a copy made by `addTask`. */
  readonly args: readonly JsonValue[];
  /** When the task was added, in epoch milliseconds. */
  readonly addedAt: number;
  /** How often the task is tried; its `when` stays with the handler. */
  readonly retry: Omit<RetryOptions, "when">;
  /** Milliseconds one attempt may take. */
  readonly timeout?: number;
  /** Milliseconds until the task may start; absent where it may at once. */
  readonly delay?: number;
  /** The engine keeps one task per key, for as long as it remembers the key. */
  readonly idempotencyKey?: string;
  /** The trace it belongs to, where OpenTelemetry is set up. */
  readonly trace?: TraceContext;
}

/** What an engine can do. `addTask` refuses what it cannot: nothing is ignored. */
export interface TaskQueueSupport {
  /** Whether the engine drops a second task with the `idempotencyKey` of an earlier one. */
  readonly idempotencyKey: boolean;
  /** The longest `delay` in milliseconds, 0 for none. */
  readonly maxDelay: number;
  /** The largest message in bytes, as JSON. */
  readonly maxBytes: number;
}

/** The request a batch of messages comes from. */
export interface EnqueueContext {
  /** What the runtime handed over beside the request: Workers' env, where the bindings are. */
  readonly platform: unknown;
}

/**
 * Where durable tasks go: an engine that keeps them until a worker has run them. Two methods make
 * one of any engine.
 *
 * @example A queue that writes to a table
 * ```ts
 * import { defineTask, type TaskMessage, type TaskQueue } from "@postlude/background-tasks";
 *
 * const table: TaskMessage[] = [];
 * const queue: TaskQueue = {
 *   name: "my-table",
 *   supports: { idempotencyKey: false, maxDelay: 0, maxBytes: 1_000_000 },
 *   async enqueue(messages) {
 *     await Promise.resolve(); // INSERT INTO … : returns once the rows are on disk
 *     table.push(...messages);
 *   },
 *   async close() {},
 * };
 *
 * const sendEmail = defineTask("send-email", { queue }, (_, to: string) => console.log(to));
 * ```
 */
export interface TaskQueue {
  /** The engine, for error messages. */
  readonly name: string;
  /** What the engine can do. */
  readonly supports: TaskQueueSupport;
  /**
   * Hands the durable tasks of one request to the engine, all at once. Called once per request, and
   * once by each `enqueue()`.
   *
   * Resolves only when the engine has acknowledged every one of them, and rejects within a bounded
   * time: a request waits for it.
   *
   * @param messages The tasks, in the order they were added.
   * @param context The request they come from.
   * @throws {TaskEnqueueError} If certainly none of them is queued: `"not-queued"`. Any other error
   * means that some may be.
   */
  enqueue(
    messages: readonly TaskMessage[],
    context: EnqueueContext,
  ): Promise<void>;
  /** Lets go of connections. A later `enqueue` may open them again. */
  close(): Promise<void>;
}
