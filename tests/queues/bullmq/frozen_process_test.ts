/**
 * An engine whose processes stand still (SIGSTOP): its connections are up, the kernel takes new
 * ones, and nobody answers.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { TaskMessage } from "@postlude/background-tasks";
import { bullmq, createWorker } from "@postlude/background-tasks/bullmq";
import {
  connected,
  engines,
  outcome,
  patientQueue,
} from "../../harness/bullmq_engines.ts";
import { consoleLines } from "../../harness/console_lines.ts";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { freePort } from "../../harness/ports.ts";
import { test } from "../../harness/test.ts";
import { withGlobal } from "../../harness/with_global.ts";
import { messageFor } from "../contract.ts";

if (noBullMQ !== undefined) {
  leaveOut("bullmq() on an engine that stands still, every case", noBullMQ);
}

function batch(): TaskMessage[] {
  return Array.from({ length: 5 }, (_, index) => messageFor(index));
}

/** Which delays a body asks for, to wait for them or, in a hurry, not. */
async function delaysOf(
  body: () => Promise<void>,
  hurry = false,
): Promise<number[]> {
  const delays: number[] = [];
  const { setTimeout } = globalThis;
  const noted = (callback: () => void, delay = 0): unknown => {
    delays.push(delay);
    return setTimeout(callback, hurry ? 0 : delay);
  };
  await withGlobal("setTimeout", noted, body);
  return delays;
}

for (const { name, start, connection } of engines) {
  test(`bullmq() on ${name} refuses every task while the engine stands still, and has all it acknowledged when it goes on`, async () => {
    await using engine = await start();
    const queue = bullmq({ ...connection(engine.url), timeout: 300 });
    const direct = patientQueue(connection(engine.url));
    const all = (messages: TaskMessage[]): Promise<string[]> =>
      Promise.all(messages.map((message) => outcome(queue, message)));
    try {
      const before = batch();
      // a machine that is busy may take longer for the first connections
      while ((await all(before)).some((outcome) => outcome !== "queued"));
      engine.freeze();
      const [inFlight, refused] = [batch(), batch()];
      assertEquals(await all(inFlight), Array(5).fill("unknown"));
      for (const message of refused) {
        assertEquals(await outcome(queue, message), "not-queued");
      }
      engine.thaw();
      const after = messageFor(0);
      while (await outcome(queue, after) !== "queued");
      const jobs = await (await direct.client()).getJobs(["waiting"]);
      const stored = new Set(jobs.map(({ id }) => id));
      const isStored = ({ id }: TaskMessage): boolean => stored.has(id);
      assertEquals([...before, after].filter(isStored).length, 6);
      assertEquals(refused.filter(isStored), []);
    } finally {
      engine.thaw();
      await Promise.all([queue.close(), direct.close()]);
    }
  });

  test(`bullmq() on ${name} waits less than a second where nobody said otherwise, and less while an outage lasts`, async () => {
    const url = name === "Redis" ? "redis://" : "postgres://u:p@";
    const address = `${url}127.0.0.1:${await freePort()}`;
    for (
      const [options, first, later] of [
        [{}, 800, 250],
        [{ timeout: 300 }, 300, 250],
        [{ timeout: 130 }, 130, 130],
      ] as const
    ) {
      const queue = bullmq({ ...connection(address), ...options });
      const refused = async (): Promise<void> => {
        assertEquals(await outcome(queue, messageFor(1)), "not-queued");
      };
      assertEquals(Math.max(...await delaysOf(refused, true)), first);
      assert((await delaysOf(refused, true)).includes(later));
      await queue.close();
    }
  });

  test(`bullmq() on ${name} gives the engine what connecting has left of the time`, async () => {
    await using engine = await start();
    const queue = bullmq(connection(engine.url));
    while (await outcome(queue, messageFor(0)) !== "queued");
    const times = [1_000, 1_500]; // at the start, and once it is connected
    const now = (): number => times.shift() ?? 1_500;
    const delays = await delaysOf(() =>
      withGlobal("performance", { now }, async () => {
        await outcome(queue, messageFor(1)); // queued, where the machine is not too busy for that
      })
    );
    assert(delays.includes(300), `waited for ${delays}`);
    await queue.close();
  });

  test(`TaskWorker.close() on ${name} does not wait for an engine that stands still, nor BullMQQueue.close()`, async () => {
    await using engine = await start();
    const address = connection(engine.url);
    const queue = bullmq({ ...address, timeout: 300 });
    await connected(queue);
    const worker = await createWorker({
      ...address,
      tasks: [],
      closeOnSignals: false,
    });
    engine.freeze();
    try {
      await consoleLines("error", async () => {
        const { abandoned } = await worker.close();
        assertEquals(abandoned, []);
        await queue.close();
      });
    } finally {
      engine.thaw();
    }
  });
}
