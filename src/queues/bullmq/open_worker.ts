import type { Processor, Worker, WorkerOptions } from "bullmq";
import type { BullMQConnection } from "./connection.ts";
import { openOnPostgres } from "./postgres_worker.ts";
import { openOnRedis } from "./redis_worker.ts";

/** A worker of BullMQ, and the connection it lives on. */
export interface WorkerConnection {
  readonly worker: Worker;
  /** Closes the connection, after the worker. */
  end(): Promise<void>;
  /** Drops the connection, with tasks in flight. */
  disconnect(): void;
}

/** What runs, and how. */
export interface WorkerSetup {
  /** The name of the queue. */
  readonly queueName: string;
  /** What runs the jobs. */
  readonly processor: Processor | URL;
  /** BullMQ's options. */
  readonly options: Omit<WorkerOptions, "connection">;
  /** Whether to make BullMQ's tables where they are missing, or older than BullMQ. */
  readonly migrate: boolean;
}

/**
 * Connects a worker of BullMQ, once the engine is there. It does not run yet.
 *
 * @param address Where the engine is.
 * @param setup What runs, and how.
 * @returns The worker, connected.
 * @throws {Error} If the engine refuses; nothing is left of the connection then.
 */
export function openWorker(
  { connection, postgres, prefix }: BullMQConnection,
  setup: WorkerSetup,
): Promise<WorkerConnection> {
  return postgres === undefined
    ? openOnRedis(connection, prefix, setup)
    : openOnPostgres(postgres, setup);
}
