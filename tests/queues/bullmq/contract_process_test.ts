import type { TaskMessage } from "@postlude/background-tasks";
import {
  type BullMQEngine,
  engines,
  patientQueue,
} from "../../harness/bullmq_engines.ts";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { type QueueUnderTest, testQueue } from "../contract.ts";

async function open(
  { start, connection }: BullMQEngine,
): Promise<QueueUnderTest> {
  const engine = await start();
  const queue = patientQueue(connection(engine.url));
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
for (const engine of engines) {
  const [option] = Object.keys(engine.connection(""));
  testQueue(`bullmq({ ${option} })`, () => open(engine));
}
