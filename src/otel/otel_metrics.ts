import type { Attributes, Meter, UpDownCounter } from "@opentelemetry/api";
import type { TaskRun } from "../task/task_run.ts";

/** What is measured of the tasks of a runner. */
export interface Instruments {
  /** Tasks that were added and have not ended. */
  readonly pending: UpDownCounter;
  /** Those of them that run. */
  readonly running: UpDownCounter;
  /** A task has ended. */
  ended(
    run: TaskRun,
    attributes: Attributes,
    errorType: string | undefined,
  ): void;
}

/** The buckets that the messaging conventions recommend, in seconds. */
const BUCKETS = [
  ...[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1],
  ...[2.5, 5, 7.5, 10],
];

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
  const ended = meter.createCounter("postlude.task.ended", {
    description: "Tasks that ended, by what became of them",
    unit: "{task}",
  });
  const duration = meter.createHistogram("messaging.process.duration", {
    description: "How long a task ran, with all its attempts",
    unit: "s",
    advice: { explicitBucketBoundaries: BUCKETS },
  });
  return {
    pending,
    running,
    ended(run, attributes, errorType): void {
      const { startedAt, endedAt } = run;
      pending.add(-1, attributes);
      const error = errorType === undefined ? {} : { "error.type": errorType };
      const outcome = { ...attributes, ...error };
      ended.add(1, { ...outcome, "postlude.task.status": run.status });
      if (startedAt === undefined || endedAt === undefined) return;
      running.add(-1, attributes);
      duration.record((endedAt - startedAt) / 1_000, outcome);
    },
  };
}
