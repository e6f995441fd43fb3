import type { Queue } from "bullmq";

/** One connection of a producer to a broker, which comes back by itself after an outage. */
export interface Broker {
  /** The engine, for error messages. */
  readonly name: string;
  /** How many hand-overs the engine is given at once; the others wait in this process. */
  readonly places: number;
  /**
   * Whether the engine keeps all messages of a hand-over or none, so that those of several requests
   * may go together.
   */
  readonly isAtomic: boolean;
  /**
   * BullMQ's queue on a connection that is up. Callers share one attempt to connect. May stay
   * pending for as long as the broker is away, and rejects where the broker refuses this client.
   */
  open(): Promise<Queue>;
  /** Why there is no connection yet, as far as it is known. */
  readonly problem: Error | undefined;
  /** Whether the broker has answered, with this error. */
  answered(error: unknown): boolean;
  /** Whether the broker has certainly kept nothing of a batch that failed with this error. */
  refused(error: unknown, messages: number): boolean;
  /**
   * Forgets the connection of a queue, which may be dead; the next `open()` makes another. A
   * connection that was made since is left alone: requests of the old connection may fail long
   * after the first failure.
   */
  discard(queue: Queue): void;
  /** Closes the connection, however dead it is. */
  close(): Promise<void>;
}
