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
 * An observer that makes a span of each task, and metrics of all of them.
 *
 * The span is a child of the span that was active at `addTask`, the request's, and linked to it:
 * it starts when that one has ended as a rule, because a task runs after the response. It is
 * active while the task runs, for each attempt. Attempts and what they threw are its events. A
 * task that never starts, because it was cancelled or discarded, has a span without a length.
 *
 * A durable task has a span of another kind where it is added: `send <name>`, a producer's, from
 * `addTask` until its engine has acknowledged it. What becomes of the work is the worker's to tell:
 * only there it counts as ended.
 *
 * Names, attributes and units are those of the messaging conventions, version 1.44:
 * `messaging.destination.name` is the task's name, `messaging.message.id` its ID, `error.type` the
 * class of what it threw. What they have no name for is `postlude.task.status` and
 * `postlude.task.attempt`. Metrics: `messaging.process.duration` and
 * `messaging.client.consumed.messages` of tasks that ran, `messaging.client.operation.duration` and
 * `messaging.client.sent.messages` of those that were handed over, and of all that ended here
 * `postlude.task.pending`, `postlude.task.running`, and `postlude.task.ended` by status. The
 * arguments of a task appear nowhere; the message and stack of an error do.
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
