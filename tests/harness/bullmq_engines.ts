import { TaskEnqueueError, type TaskMessage } from "@postlude/background-tasks";
import {
  bullmq,
  type BullMQConnection,
  type BullMQQueue,
  type BullMQQueueOptions,
  createWorker,
} from "@postlude/background-tasks/bullmq";
import { noBullMQ } from "./left_out.ts";
import { type PostgresTemplate, startPostgres } from "./postgres.ts";
import { asOwner } from "./postgres_roles.ts";
import { noRedis, startRedis } from "./redis.ts";
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
    start: startDatabase,
    connection: (postgres) => ({ postgres }),
  },
  ...(noRedis === undefined
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
const TABLES: PostgresTemplate = {
  name: "tables",
  async fill(postgres) {
    const options = { tasks: [], closeOnSignals: false };
    const worker = await createWorker({ postgres, ...options });
    await worker.close();
  },
};

let server: Promise<TestEngine> | undefined;
let databases = 0;

/** A database of its own in a server that all tests of this process share: to start one takes longer. */
async function startDatabase(): Promise<TestEngine> {
  const engine = await (server ??= startPostgres(false, TABLES));
  const url = new URL(engine.url);
  const name = `test_${++databases}`;
  url.pathname = "/template1"; // nobody may be connected to the one that is copied
  await asOwner(url.href, `CREATE DATABASE ${name} TEMPLATE postgres`);
  url.pathname = `/${name}`;
  return {
    ...engine,
    url: url.href,
    [Symbol.asyncDispose]: () => Promise.resolve(), // the server ends with this process
  };
}

/**
 * A queue that waits for its engine however busy the machine is. A test that is about the time limit
 * calls `bullmq()` itself.
 *
 * @param options As `bullmq()` takes them.
 */
export function patientQueue(
  options: BullMQConnection & BullMQQueueOptions,
): BullMQQueue {
  return bullmq({ timeout: 60_000, ...options });
}

/**
 * Waits for the first connection, however often a short time limit passes meanwhile.
 *
 * @param queue The queue.
 */
export async function connected(queue: BullMQQueue): Promise<void> {
  for (;;) {
    try {
      await queue.client();
      return;
    } catch {
      // not yet
    }
  }
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
