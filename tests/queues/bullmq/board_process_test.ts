import { assertEquals } from "@std/assert";
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { HonoAdapter } from "@bull-board/hono";
import { serveStatic } from "@hono/node-server/serve-static";
import { defineTask, enqueue } from "@postlude/background-tasks";
import { createWorker } from "@postlude/background-tasks/bullmq";
import { Hono } from "hono";
import { engines, patientQueue } from "../../harness/bullmq_engines.ts";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { test } from "../../harness/test.ts";
import { until } from "../../harness/until.ts";

/** What bull-board answers about a queue. */
interface Answer {
  readonly queues: readonly [{ readonly jobs: readonly Shown[] }];
}

interface Shown {
  readonly id: string;
  readonly name: string;
  readonly failedReason?: string;
}

if (noBullMQ !== undefined) leaveOut("bull-board", noBullMQ);
for (const { name, start, connection } of engines) {
  test(`bull-board on ${name} lists a task that has failed, and runs it again`, async () => {
    await using engine = await start();
    const address = connection(engine.url);
    const queue = patientQueue(address);
    const board = new HonoAdapter(serveStatic);
    createBullBoard({
      queues: [new BullMQAdapter(await queue.client())],
      serverAdapter: board,
    });
    board.setBasePath("/board");
    const app = new Hono();
    app.route("/board", board.registerPlugin());
    const shown = async (status: string): Promise<Shown | undefined> => {
      const query = new URLSearchParams({
        activeQueue: queue.queueName,
        jobsPerPage: "10",
        page: "1",
        status,
      });
      const response = await app.request(`/board/api/queues?${query}`);
      const { queues: [{ jobs }] } = await response.json() as Answer;
      return jobs[0];
    };

    let runs = 0;
    const task = defineTask("mail", { queue }, () => {
      if (++runs === 1) throw new Error("the mail server is busy");
    });
    const worker = await createWorker({
      ...address,
      tasks: [task],
      closeOnSignals: false,
      onTaskError() {},
    });
    const id = await enqueue(task);
    await until(async () => await shown("failed") !== undefined);
    const failed = await shown("failed");
    assertEquals([failed?.id, failed?.name, failed?.failedReason], [
      id,
      "mail",
      "the mail server is busy",
    ]);
    const retry = `/board/api/queues/${queue.queueName}/${id}/retry`;
    assertEquals((await app.request(retry, { method: "PUT" })).status, 204);
    await until(async () => (await shown("completed"))?.id === id);
    assertEquals([runs, await shown("failed")], [2, undefined]);
    await worker.close();
    await queue.close();
  });
}
