import { TaskEnqueueError, type TaskMessage } from "@postlude/background-tasks";
import {
  type BullMQConnection,
  type BullMQQueue,
  createWorker,
} from "@postlude/background-tasks/bullmq";
import { noBullMQ } from "./left_out.ts";
import { startPostgres } from "./postgres.ts";
import { hasRedis, startRedis } from "./redis.ts";
import type { TestEngine } from "./test_engine.ts";

/** An engine of BullMQ, and how a producer finds it. */
export interface BullMQEngine {
  /** What it is called in titles. */
  readonly name: "Postgres" | "Redis";
  /** Starts one that is ready to take jobs, and holds none. */
  start(): Promise<TestEngine>;
  /** The options that name it. */
  connection(url: string): BullMQConnection;
}

/** The engines there are on this machine; none where BullMQ does not run. */
export const engines: readonly BullMQEngine[] = noBullMQ !== undefined ? [] : [
  {
    name: "Postgres",
    start: startWithTables,
    connection: (postgres) => ({ postgres }),
  },
  ...(hasRedis
    ? [
      {
        name: "Redis",
        start: () => startRedis(),
        connection: (connection: string) => ({ connection }),
      } as const,
    ]
    : []),
];

/** The first worker makes the tables. */
async function startWithTables(): Promise<TestEngine> {
  const engine = await startPostgres();
  const worker = await createWorker({
    postgres: engine.url,
    tasks: [],
    closeOnSignals: false,
  });
  await worker.close();
  return engine;
}

/**
 * Hands a message over.
 *
 * @param queue The queue.
 * @param message The message.
 * @returns What became of it: `"queued"`, or what the error says.
 */
export async function outcome(
  queue: BullMQQueue,
  message: TaskMessage,
): Promise<string> {
  try {
    await queue.enqueue([message], { platform: undefined });
    return "queued";
  } catch (error) {
    return error instanceof TaskEnqueueError ? error.outcome : String(error);
  }
}
