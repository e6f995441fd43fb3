import { UnrecoverableError, type WorkerOptions } from "bullmq";
import { retryDelay } from "../../task/retry.ts";
import { MessageRunner } from "../message_runner.ts";
import type { TaskMessage } from "../task_queue.ts";
import { type BullMQConnection, DEFAULT_QUEUE_NAME } from "./connection.ts";
import { openOnPostgres } from "./postgres_worker.ts";
import { processorOf, type TaskProcessor } from "./processor.ts";
import { openOnRedis } from "./redis_worker.ts";
import { RunningWorker, type TaskWorker } from "./running_worker.ts";
import type { WorkerConnection, WorkerSetup } from "./worker_connection.ts";
import {
  checkFile,
  checkWorkerOptions,
  type CreateWorkerOptions,
} from "./worker_options.ts";

/**
 * Starts a worker, which runs durable tasks. It is the whole of a worker's process.
 *
 * The worker waits for an engine that is not up yet, makes BullMQ's tables in Postgres where they
 * are missing, and warns about a Redis that would lose tasks. Where the engine answers errors, the
 * worker says so once, asks again after about a second, then less often, and says once that it is
 * over. Tasks run at least once: a task whose worker died runs again, at the same attempt, about
 * `lockDuration` later.
 *
 * @example A worker
 * ```ts ignore
 * import { createWorker } from "@postlude/background-tasks/bullmq";
 * import { sendEmail } from "./tasks.ts";
 *
 * await createWorker({ connection: "redis://127.0.0.1:6379", tasks: [sendEmail] });
 * ```
 *
 * @param options Where the engine is, what to run, and how.
 * @returns The worker, once it is connected.
 * @throws {TypeError} If an option is unknown or of the wrong kind, or `file` exports no processor.
 * @throws {RangeError} If an option is out of range.
 * @throws {Error} If the engine refuses the user, the password or the database, or its tables are
 * missing and the role may not make them. Nothing runs then, and no connection is left.
 */
export async function createWorker(
  options: BullMQConnection & CreateWorkerOptions,
): Promise<TaskWorker> {
  checkWorkerOptions(options);
  const { tasks = [], file, closeTimeout = 9_000, closeOnSignals = true } =
    options;
  const runner = new MessageRunner(
    tasks,
    options.onTaskError,
    options.observers,
  );
  if (file !== undefined) await checkFile(file);
  const running = new Map<string, Promise<unknown>>();
  const connection = await openWorker(options, {
    queueName: options.queueName ?? DEFAULT_QUEUE_NAME,
    processor: file ?? counted(processorOf(runner), running),
    options: bullmqOptions(options),
    migrate: options.migrate ?? true,
  });
  const isBusy = (): boolean => file !== undefined || running.size > 0;
  const worker = new RunningWorker(connection, runner, isBusy);
  if (closeOnSignals) worker.closeOnSignals(closeTimeout);
  worker.run(); // not where the process is ending: it has closed then
  return worker;
}

/** Connects a worker of BullMQ, once the engine is there. It does not run yet. */
function openWorker(
  { connection, postgres, prefix }: BullMQConnection,
  setup: WorkerSetup,
): Promise<WorkerConnection> {
  return postgres === undefined
    ? openOnRedis(connection, prefix, setup)
    : openOnPostgres(postgres, setup);
}

/**
 * Notes which attempts run. One that still runs here, and whose lock ran out, is not made a second
 * time: its job takes what the attempt makes of it.
 */
function counted(
  process: TaskProcessor,
  running: Map<string, Promise<unknown>>,
): TaskProcessor {
  return function processTask(job, token): Promise<unknown> {
    const attempt = `${job.attemptsMade} ${job.id}`;
    let run = running.get(attempt);
    if (run === undefined) {
      run = process(job, token).finally(() => running.delete(attempt));
      running.set(attempt, run);
    }
    return run;
  };
}

function bullmqOptions(
  options: CreateWorkerOptions,
): Omit<WorkerOptions, "connection"> {
  const { concurrency = 10, crashRetries = 3, limiter, lockDuration = 30_000 } =
    options;
  return {
    concurrency,
    lockDuration,
    stalledInterval: Math.min(lockDuration, 5_000),
    maxStalledCount: crashRetries,
    useWorkerThreads: true,
    settings: { backoffStrategy },
    ...(limiter !== undefined && { limiter }),
  };
}

/** BullMQ asks after each failed attempt: the delays travel with the message. */
function backoffStrategy(
  attempts: number,
  _type?: string,
  error?: Error,
  job?: { readonly data?: TaskMessage },
): number {
  if (error instanceof UnrecoverableError || job?.data === undefined) return -1;
  return retryDelay(job.data.retry, attempts);
}
