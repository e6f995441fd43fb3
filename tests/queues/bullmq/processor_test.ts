import { assertEquals, assertRejects } from "@std/assert";
import { defineTask, type TaskRun } from "@postlude/background-tasks";
import { memoryQueue } from "@postlude/background-tasks/testing";
import type { Job } from "bullmq";
import { taskProcessor } from "../../../src/queues/bullmq/processor.ts";
import { test } from "../../harness/test.ts";
import { messageFor } from "../contract.ts";

const RETRY = { attempts: 5, delay: 0, factor: 2, jitter: 0 };

/** A job as BullMQ hands it to a processor. */
function jobOf(members: Partial<Job>): Job {
  const data = messageFor(1, { task: "work", retry: RETRY });
  return { data, attemptsMade: 0, opts: { attempts: 5 }, ...members } as Job;
}

test("taskProcessor() makes no more attempts than the job has, and tells onTaskError of the last one", async () => {
  const work = defineTask("work", { queue: memoryQueue() }, () => {
    throw new Error("no");
  });
  const told: number[] = [];
  const process = taskProcessor([work], {
    onTaskError: (_error, { attempt }) => void told.push(attempt),
  });
  const opts = { attempts: 2 };
  await assertRejects(() => process(jobOf({ attemptsMade: 0, opts })));
  assertEquals(told, []);
  await assertRejects(() => process(jobOf({ attemptsMade: 1, opts })));
  assertEquals(told, [2]);
});

test("taskProcessor() takes a run of a schedule for one task, added when its job was", async () => {
  const work = defineTask("work", { queue: memoryQueue() }, () => {});
  const seen: [id: string, addedAt: number][] = [];
  const onEnd = ({ id, addedAt }: TaskRun): void =>
    void seen.push([id, addedAt]);
  const process = taskProcessor([work], { observers: [{ onEnd }] });
  await process(jobOf({ id: "run-7", repeatJobKey: "daily", timestamp: 7 }));
  assertEquals(seen, [["run-7", 7]]);
});
