/**
 * Ready-made observers: the log of what becomes of each task.
 *
 * Choose it where a line per task in the log is what you want; for traces and metrics there is
 * `@postlude/background-tasks/otel`.
 *
 * @example
 * ```ts
 * import { backgroundTasks, TaskRunner } from "@postlude/background-tasks";
 * import { consoleObserver } from "@postlude/background-tasks/observers";
 *
 * const runner = new TaskRunner({ observers: [consoleObserver()] });
 * const middleware = backgroundTasks({ runner });
 * ```
 *
 * @module
 */

import { checkKeys, describeValue, oneLine } from "../check/check.ts";
import type { DrainReport } from "../runner/drain_report.ts";
import type { TaskObserver } from "../runner/observer.ts";
import type { TaskRun } from "../task/task_run.ts";
import { stackOf, textOf } from "../check/thrown.ts";

/** Options of {@linkcode consoleObserver}. */
export interface ConsoleObserverOptions {
  /**
   * `"text"`, for people: a line when a task ends, one for each failed attempt before, and one when
   * a drain has ended, with what was abandoned.
   * `"json"`, for machines: a line of JSON for every event.
   *
   * @default {"text"}
   */
  readonly format?: "text" | "json";
}

/**
 * An observer that writes to the console what becomes of each task, and never its arguments.
 *
 * What a task threw is written, with its stack in JSON: an error's message may hold what was
 * handed to the task. Without this observer the console sees errors and warnings alone.
 *
 * @example Log every task of an app
 * ```ts
 * import { backgroundTasks, TaskRunner } from "@postlude/background-tasks";
 * import { consoleObserver } from "@postlude/background-tasks/observers";
 *
 * const runner = new TaskRunner({ observers: [consoleObserver()] });
 * const middleware = backgroundTasks({ runner });
 * // task sendEmail succeeded 503ms
 * ```
 *
 * @param options The shape of the lines.
 * @returns The observer, for the `observers` of a `TaskRunner`.
 * @throws {TypeError} If an option is unknown.
 * @throws {RangeError} If the format is none of these.
 */
export function consoleObserver(
  options: ConsoleObserverOptions = {},
): TaskObserver {
  checkKeys("console observer option", options, ["format"]);
  const { format = "text" } = options;
  if (format !== "text" && format !== "json") {
    throw new RangeError(
      `Cannot use format ${describeValue(format)}: write "text" or "json"`,
    );
  }
  if (format === "text") {
    return {
      onRetry: (run) => console.log(retryLine(run)),
      onEnd: (run) => console.log(endLine(run)),
      onDrain: (report) => console.log(drainLine(report)),
    };
  }
  const write = (event: string) => (run: TaskRun): void =>
    console.log(json(record(event, run)));
  return {
    onAdd: write("added"),
    onStart: write("started"),
    onRetry: write("retried"),
    onEnd: write("ended"),
    onDrain: (report) => console.log(json(drainRecord(report))),
  };
}

function retryLine(run: TaskRun): string {
  return `task ${
    oneLine(run.name, LONGEST_NAME)
  } attempt ${run.attempt} failed: ${oneLine(textOf(run.error))}`;
}

function endLine(run: TaskRun): string {
  const attempts = run.attempt > 1 ? ` after ${run.attempt} attempts` : "";
  const error = run.error === undefined
    ? ""
    : `: ${oneLine(textOf(run.error))}`;
  const ms = durationOf(run);
  const duration = ms === undefined ? "" : ` ${ms}ms`;
  return `task ${
    oneLine(run.name, LONGEST_NAME)
  } ${run.status}${attempts}${duration}${error}`;
}

function durationOf({ startedAt, endedAt }: TaskRun): number | undefined {
  return startedAt === undefined || endedAt === undefined
    ? undefined
    : Math.max(0, endedAt - startedAt); // the clock may have been set back
}

/** A name is cut, in characters; so is what was thrown, and the names of a drain are. */
const LONGEST_NAME = 200;
const LONGEST_ERROR = 10_000;
const MOST_NAMES = 100;

/** The shape that log collectors read: a time, a level, a message, then fields. */
function record(event: string, run: TaskRun): Record<string, unknown> {
  const { addedAt, startedAt, error } = run;
  return {
    time: new Date().toISOString(),
    level: LEVELS[event] ?? LEVELS[run.status] ?? "info",
    msg: `task ${event}`,
    task: run.name.slice(0, LONGEST_NAME),
    id: run.id,
    status: run.status,
    attempt: run.attempt,
    waited_ms: startedAt === undefined
      ? undefined
      : Math.max(0, startedAt - addedAt),
    duration_ms: durationOf(run),
    error: error === undefined ? undefined : {
      message: textOf(error).slice(0, LONGEST_ERROR),
      stack: stackOf(error)?.slice(0, LONGEST_ERROR),
    },
  };
}

function drainLine(report: DrainReport): string {
  const { counts, more } = countNames(report);
  const names = counts.map(([name, count]) =>
    oneLine(name, LONGEST_NAME) + (count === 1 ? "" : ` (${count})`)
  );
  if (more > 0) names.push(`and ${more} names more`);
  return `drained: ${report.finished} finished, ${report.failed} failed, ` +
    `${report.abandoned.length} abandoned${
      names.length === 0 ? "" : `: ${names.join(", ")}`
    }`;
}

function drainRecord(report: DrainReport): Record<string, unknown> {
  const { counts, more } = countNames(report);
  return {
    time: new Date().toISOString(),
    level: report.abandoned.length > 0 ? "error" : "info",
    msg: "drained",
    finished: report.finished,
    failed: report.failed,
    abandoned: Object.fromEntries(
      counts.map(([name, count]) => [name.slice(0, LONGEST_NAME), count]),
    ),
    more_names: more > 0 ? more : undefined,
  };
}

/** How many tasks of each name were abandoned: one line that is not long, however many they are. */
function countNames(
  { abandoned }: DrainReport,
): { counts: [string, number][]; more: number } {
  const counts = new Map<string, number>();
  for (const { name } of abandoned) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const most = [...counts].slice(0, MOST_NAMES);
  return { counts: most, more: counts.size - most.length };
}

/** JSON with everything escaped that could forge or hide a line: it stays the same JSON. */
function json(record: Record<string, unknown>): string {
  return oneLine(JSON.stringify(record), Infinity);
}

/** What is no mere information: events, and statuses of tasks. */
const LEVELS: Readonly<Record<string, string>> = {
  "retried": "warn",
  "failed": "error",
  "timed-out": "error",
  "expired": "error",
  "abandoned": "error",
};
