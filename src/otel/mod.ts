/**
 * Traces and metrics of background tasks, for whatever an OpenTelemetry SDK exports them to.
 *
 * Choose it where requests are traced already: each task becomes a span under the span of its
 * request, and what the task does, a query or a `fetch`, appears under the span of the task. Needs
 * `@opentelemetry/api`, and a registered SDK with a context manager; without one it does nothing.
 *
 * @example
 * ```ts
 * import { Hono } from "hono";
 * import { backgroundTasks, type BackgroundTasksEnv, TaskRunner } from "@postlude/background-tasks";
 * import { otelObserver } from "@postlude/background-tasks/otel";
 *
 * const runner = new TaskRunner({ observers: [otelObserver()] });
 * const app = new Hono<BackgroundTasksEnv>();
 * // first what makes a span of the request, such as httpInstrumentationMiddleware() of @hono/otel
 * app.use(backgroundTasks({ runner }));
 *
 * export default app;
 * ```
 *
 * @module
 */

import {
  type MeterProvider,
  metrics,
  trace,
  type TracerProvider,
} from "@opentelemetry/api";
import { checkKeys, describeValue } from "../check/check.ts";
import { property } from "../check/property.ts";
import type { TaskObserver } from "../runner/observer.ts";
import { instrumentsOf } from "./otel_metrics.ts";
import { OtelObserver } from "./otel_observer.ts";

/** Options of {@linkcode otelObserver}. */
export interface OtelObserverOptions {
  /**
   * What makes the spans.
   *
   * @default {the global one}
   */
  readonly tracerProvider?: TracerProvider;
  /**
   * What makes the metrics.
   *
   * @default {the global one, as it is when the observer is made}
   */
  readonly meterProvider?: MeterProvider;
}

const SCOPE = "@postlude/background-tasks";

/**
 * Makes an observer that makes a span of each task, and metrics of all tasks.
 *
 * The span is a child of the span that was active at `addTask`, which is the span of the request,
 * and is linked to it. As a rule the span of the request has ended by then, because a task runs
 * after the response. The span of the task is active in each attempt. Its events are the attempts,
 * and what they threw. A task that never starts, because it was cancelled or discarded, has a span
 * without a length.
 *
 * Where a durable task is added, it has a span of another kind: `send <name>`, of a producer, from
 * `addTask` until its engine has acknowledged it. The work itself counts as ended in the worker
 * only.
 *
 * Names, attributes and units are those of the messaging conventions, version 1.44:
 *
 * - attributes: `messaging.destination.name` is the name of the task, `messaging.message.id` its ID,
 *   and `error.type` the class of what it threw. `postlude.task.status` and `postlude.task.attempt`
 *   have no name in the conventions.
 * - metrics of tasks that ran: `messaging.process.duration` (seconds) and
 *   `messaging.client.consumed.messages`.
 * - metrics of tasks that were handed over: `messaging.client.operation.duration` (seconds) and
 *   `messaging.client.sent.messages`.
 * - metrics of all tasks: `postlude.task.pending`, `postlude.task.running`, and
 *   `postlude.task.ended` by status.
 *
 * The arguments of a task appear nowhere. The message and the stack of an error do.
 *
 * @example Trace the tasks of an app
 * ```ts
 * import { backgroundTasks, TaskRunner } from "@postlude/background-tasks";
 * import { otelObserver } from "@postlude/background-tasks/otel";
 *
 * const runner = new TaskRunner({ observers: [otelObserver()] });
 * const middleware = backgroundTasks({ runner });
 * ```
 *
 * @param options Providers that are not the global ones.
 * @returns The observer, for the `observers` of a `TaskRunner`.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 */
export function otelObserver(options: OtelObserverOptions = {}): TaskObserver {
  checkKeys("OpenTelemetry observer option", options, [
    "tracerProvider",
    "meterProvider",
  ]);
  const { tracerProvider = trace, meterProvider = metrics } = options;
  checkProvider("tracerProvider", tracerProvider, "getTracer");
  checkProvider("meterProvider", meterProvider, "getMeter");
  return new OtelObserver(
    tracerProvider.getTracer(SCOPE),
    instrumentsOf(meterProvider.getMeter(SCOPE)),
  );
}

function checkProvider(
  option: string,
  provider: unknown,
  method: string,
): void {
  if (typeof property(provider, method) === "function") return;
  throw new TypeError(
    `Cannot use ${option} ${
      describeValue(provider)
    }: write the provider of an OpenTelemetry SDK`,
  );
}
