import type { Processor, Worker, WorkerOptions } from "bullmq";

/** A worker of BullMQ, and the connection it lives on. */
export interface WorkerConnection {
  readonly worker: Worker;
  /** Closes the connection, after the worker. */
  end(): Promise<unknown>;
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
