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
  type Attributes,
  type Context,
  context,
  type MeterProvider,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type TracerProvider,
} from "@opentelemetry/api";
import { checkKeys, describeValue } from "../check/check.ts";
import type { TaskObserver } from "../runner/observer.ts";
import type { TaskRun } from "../task/task_run.ts";
import { property } from "../check/property.ts";
import { textOf } from "../check/thrown.ts";
import { type Instruments, instrumentsOf } from "./otel_metrics.ts";

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

/** Ends that are somebody's fault; the others are somebody's decision. */
const FAULTS = new Set(["failed", "timed-out", "expired", "abandoned"]);

/**
 * An observer that makes a span of each task, and metrics of all of them.
 *
 * The span is a child of the span that was active at `addTask`, the request's, and linked to it:
 * it starts when that one has ended as a rule, because a task runs after the response. It is
 * active while the task runs, for each attempt. Attempts and what they threw are its events. A
 * task that never starts, because it was cancelled or discarded, has a span without a length.
 *
 * Names are those of the messaging conventions: `messaging.destination.name` is the task's name,
 * `messaging.message.id` its ID, `error.type` the class of what it threw. What they have no name
 * for is `postlude.task.status` and `postlude.task.attempt`. Metrics: `messaging.process.duration`,
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

/** A task that was added and has not ended. */
interface Tracked {
  /** The context of the `addTask` call. */
  readonly parent: Context;
  span: Span | undefined;
}

class OtelObserver implements TaskObserver {
  readonly #tracer: Tracer;
  readonly #instruments: Instruments;
  readonly #tracked = new Map<string, Tracked>();

  constructor(tracer: Tracer, instruments: Instruments) {
    this.#tracer = tracer;
    this.#instruments = instruments;
  }

  readonly onAdd = (run: TaskRun): void => {
    this.#tracked.set(run.id, { parent: context.active(), span: undefined });
    this.#instruments.pending.add(1, attributesOf(run));
  };

  readonly onStart = (run: TaskRun): void => {
    this.#instruments.running.add(1, attributesOf(run));
    const tracked = this.#tracked.get(run.id);
    if (tracked !== undefined) tracked.span = this.#start(run, tracked.parent);
  };

  readonly around = (run: TaskRun, attempt: () => void): void => {
    const span = this.#tracked.get(run.id)?.span;
    if (span === undefined) return attempt();
    span.addEvent("attempt", { "postlude.task.attempt": run.attempt });
    context.with(trace.setSpan(context.active(), span), attempt);
  };

  readonly onRetry = (run: TaskRun): void =>
    this.#tracked.get(run.id)?.span?.recordException(exceptionOf(run.error));

  readonly onEnd = (run: TaskRun): void => {
    this.#instruments.ended(run, attributesOf(run), errorType(run));
    const tracked = this.#tracked.get(run.id);
    if (tracked === undefined) return;
    this.#tracked.delete(run.id);
    const span = tracked.span ?? this.#start(run, tracked.parent);
    span.setAttributes({
      "postlude.task.status": run.status,
      "postlude.task.attempt": run.attempt,
    });
    const type = errorType(run);
    if (type !== undefined) {
      const exception = exceptionOf(run.error);
      span.setAttribute("error.type", type);
      span.recordException(exception);
      span.setStatus({
        code: SpanStatusCode.ERROR,
        message: typeof exception === "string" ? exception : exception.message,
      });
    }
    span.end();
  };

  #start(run: TaskRun, parent: Context): Span {
    const request = trace.getSpanContext(parent);
    return this.#tracer.startSpan(`process ${run.name}`, {
      kind: SpanKind.CONSUMER,
      attributes: { ...attributesOf(run), "messaging.message.id": run.id },
      links: request === undefined ? [] : [{ context: request }],
    }, parent);
  }
}

/** What spans and metrics say of a task: few values, because each makes a series of its own. */
function attributesOf(run: TaskRun): Attributes {
  return {
    "messaging.system": "postlude",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": run.name,
  };
}

/**
 * The class of what a task failed with; `undefined` for one that did not fail. A name that the class
 * gives its errors comes first: a bundler may have shortened the one of the class.
 */
function errorType({ status, error }: TaskRun): string | undefined {
  if (!FAULTS.has(status)) return undefined;
  if (!(error instanceof Error)) return "_OTHER";
  const givers = [error, Object.getPrototypeOf(error)];
  const isNamed = givers.some((giver) => Object.hasOwn(giver, "name"));
  return !isNamed && error.constructor.name || error.name;
}

function exceptionOf(error: unknown): Error | string {
  return error instanceof Error ? error : textOf(error);
}
