import type { RateLimiterOptions } from "bullmq";
import {
  checkOptions,
  milliseconds,
  type Rule,
  SWITCH,
} from "../../check/rules.ts";
import type { TaskObserver } from "../../runner/observer.ts";
import type { TaskRun } from "../../task/task_run.ts";
import type { AnyDefinedTask } from "../message_runner.ts";
import {
  type BullMQConnection,
  checkConnection,
  CONNECTION_RULES,
} from "./connection.ts";

/** Options of {@linkcode createWorker} beside where the engine is. */
export interface CreateWorkerOptions {
  /** The tasks the worker runs, made by `defineTask`; leave it out with `file`. */
  readonly tasks?: readonly AnyDefinedTask[];
  /**
   * A module whose default export is `taskProcessor([tasks])`. Its tasks run in threads of their
   * own, so that one which burns CPU does not keep the worker from telling the engine that it is
   * alive.
   *
   * @default {undefined} (the tasks run in the worker itself)
   */
  readonly file?: URL;
  /**
   * The name of BullMQ's queue.
   *
   * @default {"background-tasks"}
   */
  readonly queueName?: string;
  /**
   * How many tasks run at once. An integer, at least 1.
   *
   * @default {10}
   */
  readonly concurrency?: number;
  /**
   * Milliseconds after which the engine takes a worker for dead that has said nothing: then its
   * tasks run again. A task in the worker itself that burns CPU for longer runs twice. An integer,
   * at least 1000.
   *
   * @default {30000}
   */
  readonly lockDuration?: number;
  /**
   * How often a task may take its worker down with it before the engine gives it up. A crash uses
   * up no attempt of `retry`. An integer, at least 0.
   *
   * @default {3}
   */
  readonly crashRetries?: number;
  /**
   * Milliseconds the tasks in flight get on SIGTERM and SIGINT, and the background tasks of the
   * process where no `drainOnShutdown` listens. Stay below what your platform waits before it kills
   * the process.
   *
   * @default {9000}
   */
  readonly closeTimeout?: number;
  /**
   * Whether the worker closes on SIGTERM and SIGINT, and the process ends after its workers and its
   * background tasks: with 0 when every one in flight has ended, else with 1.
   *
   * @default {true}
   */
  readonly closeOnSignals?: boolean;
  /**
   * Called with what a task of `tasks` threw, once it is given up, and with an error of BullMQ's for
   * one that took its workers down too often. Tasks of a `file` fail in their threads: there, give
   * it to `taskProcessor`.
   *
   * @default {console.error with the task's name and the error, never its arguments}
   */
  readonly onTaskError?: (error: unknown, run: TaskRun) => unknown;
  /**
   * Who watches the tasks of `tasks`; those of a `file` are watched in their threads: there, give
   * them to `taskProcessor`. Each attempt is a run of its own for them: added, started and ended,
   * with `run.attempt`; one that failed and is tried again has ended as `"failed"`.
   *
   * @default {[]}
   */
  readonly observers?: readonly TaskObserver[];
  /**
   * How many tasks all workers of the queue start at most: BullMQ's own limiter, such as
   * `{ max: 10, duration: 1_000 }` for ten a second.
   *
   * @default {undefined} (no limit)
   */
  readonly limiter?: RateLimiterOptions;
  /**
   * Whether the worker makes BullMQ's tables in Postgres where they are missing or old. On tables
   * that are up to date it needs no right to create anything either way; with `false` it says that
   * they are not, and `migrate({ postgres })` makes them.
   *
   * @default {true}
   */
  readonly migrate?: boolean;
}

const FILE = 'new URL("./cpu.ts", import.meta.url)';

/**
 * Checks the options of a worker, before it connects.
 *
 * @param options The options as the user wrote them.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If an option is out of range.
 */
export function checkWorkerOptions(
  options: BullMQConnection & CreateWorkerOptions,
): void {
  checkOptions("worker option", options, {
    ...CONNECTION_RULES,
    tasks: undefined,
    file: ["object", `write ${FILE}`, (file: unknown) => file instanceof URL],
    concurrency: atLeast(1),
    lockDuration: milliseconds(1_000),
    crashRetries: atLeast(0),
    closeTimeout: milliseconds(0),
    closeOnSignals: SWITCH,
    onTaskError: undefined,
    observers: undefined,
    limiter: undefined,
    migrate: SWITCH,
  });
  checkConnection(options);
  const { tasks, file, limiter } = options;
  if ((tasks === undefined) === (file === undefined)) {
    throw new TypeError(
      `Cannot start a worker: write either tasks: [sendEmail] or file: ${FILE}`,
    );
  }
  for (const hook of ["onTaskError", "observers"] as const) {
    if (file === undefined || options[hook] === undefined) continue;
    throw new TypeError(
      `Cannot use ${hook} with file: its tasks run in their threads; write ` +
        `export default taskProcessor([resize], { ${hook} }) in the file`,
    );
  }
  if (limiter === undefined) return;
  const limits = { max: atLeast(1), duration: milliseconds(1) };
  checkOptions("limiter option", limiter, limits, "limiter.");
}

function atLeast(min: number): Rule<number> {
  return [
    "number",
    `it must be an integer of at least ${min}`,
    (value) => Number.isInteger(value) && value >= min,
  ];
}

/**
 * Checks the module of a worker: one that cannot be loaded would fail every task, and BullMQ would
 * not say why.
 *
 * @param file Where it is.
 * @throws {TypeError} If it exports no processor.
 */
export async function checkFile(file: URL): Promise<void> {
  const { default: processor } = await import(file.href);
  if (typeof processor === "function") return;
  throw new TypeError(
    `Cannot run tasks of ${file}: write export default taskProcessor([resize]) in it`,
  );
}
