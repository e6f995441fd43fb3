import { assertEquals } from "@std/assert";
import { defineTask } from "@postlude/background-tasks";
import { createWorker } from "@postlude/background-tasks/bullmq";
import { UnrecoverableError } from "bullmq";
import { engines, patientQueue } from "../../harness/bullmq_engines.ts";
import { leaveOut, noBullMQ } from "../../harness/left_out.ts";
import { test } from "../../harness/test.ts";
import { messageFor } from "../contract.ts";

function named(name: string): Error {
  return Object.assign(new Error("theirs"), { name });
}

/** What nobody can look at. */
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();

/** What a handler may throw that BullMQ would read for itself, or that no engine stores. */
const THROWN: readonly unknown[] = [
  new Error("a \u0000 byte"),
  new Error("half a pair \ud800"),
  Object.assign(new Error("odd"), { message: { a: [1] }, stack: { b: 2 } }),
  Object.assign(new Error(), { message: "" }),
  named("DelayedError"),
  named("WaitingError"),
  named("WaitingChildrenError"),
  new UnrecoverableError("I give up"),
  new Error("bullmq:rateLimitExceeded"),
  { code: 7 },
  proxy,
  Object.defineProperty(new Error(), "message", {
    get: () => {
      throw new Error("no message to read");
    },
  }),
  undefined,
];

if (noBullMQ !== undefined) {
  leaveOut("what handlers throw, on BullMQ", noBullMQ);
}
for (const { name, start, connection } of engines) {
  test(`createWorker() on ${name} tries again whatever was thrown, and hands that to onTaskError`, async () => {
    await using engine = await start();
    const options = connection(engine.url);
    const queue = patientQueue(options);
    const ran: string[] = [];
    const given: [unknown, unknown][] = [];
    let settle!: () => void;
    const all = new Promise<void>((resolve) => settle = resolve);
    const fail = defineTask("fail", { queue }, (context, index: number) => {
      ran.push(`${index} #${context.attempt}`);
      throw THROWN[index];
    });
    const worker = await createWorker({
      ...options,
      tasks: [fail],
      closeOnSignals: false,
      concurrency: 1,
      onTaskError(error, { id }) {
        given.push([id, error]);
        if (given.length === THROWN.length) settle();
      },
    });
    const messages = THROWN.map((_, index) =>
      messageFor(index, {
        task: "fail",
        retry: { attempts: 2, delay: 0, jitter: 0 },
      })
    );
    await queue.enqueue(messages, { platform: undefined });
    await all;
    await worker.close();
    const jobs = await (await queue.client()).getJobs(["failed"]);
    await queue.close();
    assertEquals(
      ran.sort(),
      THROWN.flatMap((_, index) => [`${index} #1`, `${index} #2`]).sort(),
    );
    const errors = new Map(given);
    assertEquals(
      messages.map(({ id }, index) => errors.get(id) === THROWN[index]),
      THROWN.map(() => true),
    );
    const reasons = new Map(jobs.map((job) => [job.id, job.failedReason]));
    assertEquals(messages.slice(0, 3).map(({ id }) => reasons.get(id)), [
      "a \ufffd byte",
      "half a pair \ufffd",
      "[object Object]",
    ]);
    assertEquals(jobs.length, THROWN.length);
  });
}
