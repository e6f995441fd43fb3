import type { Attributes, Meter, UpDownCounter } from "@opentelemetry/api";
import type { TaskRun } from "../task/task_run.ts";
import { operationAttributes } from "./otel_attributes.ts";

/** The instruments that measure the tasks of a runner. */
export interface Instruments {
  /** Tasks that were added and have not ended. */
  readonly pending: UpDownCounter;
  /** Those of them that run. */
  readonly running: UpDownCounter;
  /** A task has ended here. */
  ended(run: TaskRun, task: Attributes, errorType: string | undefined): void;
  /** A durable task was handed over to its engine, or was to be. */
  sent(run: TaskRun, task: Attributes, errorType: string | undefined): void;
}

/** The buckets that the messaging conventions recommend, in seconds. */
const BUCKETS = [
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1],
  ...[2.5, 5, 7.5, 10],
];

const DURATION = {
  unit: "s",
  advice: { explicitBucketBoundaries: BUCKETS },
};

/**
 * Makes the instruments of an observer.
 *
 * @param meter What makes them.
 * @returns The instruments.
 */
export function instrumentsOf(meter: Meter): Instruments {
  const pending = meter.createUpDownCounter("postlude.task.pending", {
    description: "Tasks that were added and have not ended",
    unit: "{task}",
  });
  const running = meter.createUpDownCounter("postlude.task.running", {
    description: "Tasks that run",
    unit: "{task}",
  });
  return {
    pending,
    running,
    ended: endedBy(meter, running),
    sent: sentBy(meter),
  };
}

function endedBy(meter: Meter, running: UpDownCounter): Instruments["ended"] {
  const ended = meter.createCounter("postlude.task.ended", {
    description: "Tasks that ended here, by what became of them",
    unit: "{task}",
  });
  const consumed = meter.createCounter("messaging.client.consumed.messages", {
    description: "Tasks that ran",
    unit: "{message}",
  });
  const duration = meter.createHistogram("messaging.process.duration", {
    ...DURATION,
    description: "How long a task ran, with all its attempts",
  });
  return (run, task, errorType) => {
    const { startedAt, endedAt, status } = run;
    const error = errorType !== undefined && { "error.type": errorType };
    ended.add(1, { ...task, ...error, "postlude.task.status": status });
    if (startedAt === undefined || endedAt === undefined) return;
    const attributes = operationAttributes("process", task, errorType);
    running.add(-1, task);
    consumed.add(1, attributes);
    duration.record(seconds(startedAt, endedAt), attributes);
  };
}

function sentBy(meter: Meter): Instruments["sent"] {
  const sent = meter.createCounter("messaging.client.sent.messages", {
    description: "Durable tasks that were handed over, or were to be",
    unit: "{message}",
  });
  const duration = meter.createHistogram(
    "messaging.client.operation.duration",
    {
      ...DURATION,
      description: "How long a durable task waited for its engine to have it",
    },
  );
  return ({ addedAt, endedAt = addedAt }, task, errorType) => {
    const attributes = operationAttributes("send", task, errorType);
    sent.add(1, attributes);
    duration.record(seconds(addedAt, endedAt), {
      ...attributes,
      "messaging.operation.type": "send",
    });
  };
}

/** A histogram takes nothing below 0, where a clock was put back. */
function seconds(start: number, end: number): number {
  return Math.max(end - start, 0) / 1_000;
}
