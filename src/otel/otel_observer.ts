import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { TaskObserver } from "../runner/observer.ts";
import type { TaskRun } from "../task/task_run.ts";
import {
  errorType,
  exceptionOf,
  isHandOver,
  spanAttributes,
  taskAttributes,
} from "./otel_attributes.ts";
import type { Instruments } from "./otel_metrics.ts";

/** A task that was added and has not ended. */
interface Tracked {
  /** The context of the `addTask` call. */
  readonly parent: Context;
  /** What metrics say of it, made once. */
  readonly task: Attributes;
  span: Span | undefined;
  /** Another delivery of the same attempt, which an engine may make at the same time. */
  readonly other: Tracked | undefined;
}

/**
 * Makes a span of each task, and metrics of all of them.
 *
 * Invariant: the map holds the runs that were added and have not ended, and no others.
 */
export class OtelObserver implements TaskObserver {
  readonly #tracer: Tracer;
  readonly #instruments: Instruments;
  /**
   * By the ID of the task. Runs of workers by attempt too: one in this process may be quicker than the
   * acknowledgement of the very task, which has the same ID and has not ended yet.
   */
  readonly #tracked = new Map<string, Tracked>();

  constructor(tracer: Tracer, instruments: Instruments) {
    this.#tracer = tracer;
    this.#instruments = instruments;
  }

  readonly onAdd = (run: TaskRun): void => {
    const parent = context.active();
    const task = taskAttributes(run);
    const key = run.attempt === 0 ? run.id : deliveryOf(run);
    const other = this.#tracked.get(key);
    this.#tracked.set(key, { parent, task, span: undefined, other });
    this.#instruments.pending.add(1, task);
  };

  readonly onStart = (run: TaskRun): void => {
    const tracked = this.#trackedOf(run);
    if (tracked === undefined) return;
    this.#instruments.running.add(1, tracked.task);
    tracked.span = this.#startProcess(run, tracked.parent);
  };

  readonly around = (run: TaskRun, attempt: () => void): void => {
    const span = this.#trackedOf(run)?.span;
    if (span === undefined) return attempt();
    span.addEvent("attempt", { "postlude.task.attempt": run.attempt });
    context.with(trace.setSpan(context.active(), span), attempt);
  };

  readonly onRetry = (run: TaskRun): void =>
    this.#trackedOf(run)?.span?.recordException(exceptionOf(run.error));

  readonly onEnd = (run: TaskRun): void => {
    const key = this.#keyOf(run);
    const tracked = this.#tracked.get(key);
    if (tracked === undefined) return;
    const { other, parent, task } = tracked;
    if (other === undefined) this.#tracked.delete(key);
    else this.#tracked.set(key, other);
    const error = errorType(run);
    this.#instruments.pending.add(-1, task);
    if (isHandOver(run)) {
      this.#instruments.sent(run, task, error);
      end(this.#startSend(run, parent), run, error, epoch(run.endedAt));
      return;
    }
    this.#instruments.ended(run, task, error);
    const span = tracked.span ?? this.#startProcess(run, parent);
    span.setAttributes({
      "postlude.task.status": run.status,
      "postlude.task.attempt": run.attempt,
    });
    end(span, run, error);
  };

  #trackedOf(run: TaskRun): Tracked | undefined {
    return this.#tracked.get(this.#keyOf(run));
  }

  #keyOf(run: TaskRun): string {
    const delivery = deliveryOf(run);
    return this.#tracked.has(delivery) ? delivery : run.id;
  }

  #startProcess(run: TaskRun, parent: Context): Span {
    const request = trace.getSpanContext(parent);
    return this.#tracer.startSpan(`process ${run.name}`, {
      kind: SpanKind.CONSUMER,
      attributes: spanAttributes("process", run),
      links: request === undefined ? [] : [{ context: request }],
    }, parent);
  }

  /** The span of a hand-over is made when it has ended, and starts where the task was added. */
  #startSend(run: TaskRun, parent: Context): Span {
    return this.#tracer.startSpan(`send ${run.name}`, {
      kind: SpanKind.PRODUCER,
      attributes: spanAttributes("send", run),
      startTime: epoch(run.addedAt),
    }, parent);
  }
}

/** A worker is handed an attempt: it is one from the start. */
function deliveryOf({ id, attempt }: TaskRun): string {
  return `${attempt} ${id}`;
}

/** A small number would be taken for one of `performance.now()`. */
function epoch(milliseconds = Date.now()): Date {
  return new Date(milliseconds);
}

/** Ends a span, with what the task failed with. */
function end(
  span: Span,
  run: TaskRun,
  type: string | undefined,
  endTime?: Date,
): void {
  if (type !== undefined) {
    const exception = exceptionOf(run.error);
    span.setAttribute("error.type", type);
    span.recordException(exception);
    span.setStatus({
      code: SpanStatusCode.ERROR,
      message: typeof exception === "string" ? exception : exception.message,
    });
  }
  span.end(endTime);
}
