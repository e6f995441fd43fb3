import {
  bullmq,
  type BullMQConnection,
  createWorker,
} from "@postlude/background-tasks/bullmq";
import type { TaskMessage } from "@postlude/background-tasks";
import { startPostgres } from "../harness/postgres.ts";
import { leaveOut, noBullMQ } from "../harness/left_out.ts";
import { hasRedis, startRedis } from "../harness/redis.ts";
import { type QueueUnderTest, testQueue } from "../queues/contract.ts";

function open(
  connection: BullMQConnection,
  engine: AsyncDisposable,
): QueueUnderTest {
  const queue = bullmq(connection);
  return {
    queue,
    async stored(): Promise<TaskMessage[]> {
      const client = await queue.client();
      const jobs = await client.getJobs(["waiting", "delayed"]);
      return jobs.map(({ data }) => data);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await queue.close();
      await engine[Symbol.asyncDispose]();
    },
  };
}

if (noBullMQ !== undefined) leaveOut("bullmq(), every case", noBullMQ);
else {
  testQueue("bullmq({ postgres })", async () => {
    const postgres = await startPostgres();
    const connection = { postgres: postgres.url };
    const worker = await createWorker({ // makes the tables
      ...connection,
      tasks: [],
      closeOnSignals: false,
    });
    await worker.close();
    return open(connection, postgres);
  });
  if (hasRedis) {
    testQueue("bullmq({ connection })", async () => {
      const redis = await startRedis();
      return open({ connection: redis.url }, redis);
    });
  }
}
