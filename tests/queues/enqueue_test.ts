import { assertEquals, assertRejects } from "@std/assert";
import {
  defineTask,
  enqueue,
  TaskEnqueueError,
  type TaskQueue,
  TaskRunner,
} from "@postlude/background-tasks";
import { memoryQueue } from "@postlude/background-tasks/testing";
import { test } from "../harness/test.ts";

const greet = (_: unknown, to: string, options?: { loud: boolean }): void => {
  void [to, options];
};

test("enqueue() resolves with the id of the task once the engine has acknowledged it", async () => {
  const queue = memoryQueue();
  const task = defineTask("greet", { queue, retry: { attempts: 5 } }, greet);
  const id = await enqueue(task, "Ada", { loud: true });
  const [message] = queue.messages;
  assertEquals([message?.id, message?.task, message?.args, message?.retry], [
    id,
    "greet",
    ["Ada", { loud: true }],
    { attempts: 5 },
  ]);
});

test("enqueue() takes the options of one call first", async () => {
  const queue = memoryQueue();
  const task = defineTask("greet", { queue, timeout: 5 }, greet);
  const options = { delay: 60_000, idempotencyKey: "ada", timeout: 9 };
  await enqueue(options, task, "Ada");
  await enqueue(options, task, "Ada once more");
  assertEquals(queue.messages.length, 1);
  const { delay, idempotencyKey, timeout } = queue.messages[0]!;
  assertEquals({ delay, idempotencyKey, timeout }, options);
});

test("enqueue() hands the platform on, for an engine that is a binding", async () => {
  const platforms: unknown[] = [];
  const queue: TaskQueue = {
    ...memoryQueue(),
    name: "binding",
    supports: { idempotencyKey: false, maxDelay: 0, maxBytes: 1_000 },
    async enqueue(_messages, { platform }) {
      await Promise.resolve();
      platforms.push(platform);
    },
  };
  const env = { TASKS: 1 };
  await enqueue(
    { platform: env },
    defineTask("greet", { queue }, greet),
    "Ada",
  );
  assertEquals(platforms, [env]);
});

test("enqueue() in the handler of a task makes a chain", async () => {
  const queue = memoryQueue();
  const second = defineTask("second", { queue }, greet);
  const first = defineTask(
    "first",
    { queue },
    (_, to: string) => enqueue(second, to),
  );
  await first("Ada");
  assertEquals(queue.messages.map(({ task }) => task), ["second"]);
});

test("enqueue() rejects with the error of a request that is refused", async () => {
  const queue = memoryQueue();
  const task = defineTask("greet", { queue }, greet);
  for (const outcome of ["not-queued", "unknown"] as const) {
    queue.refuse(outcome);
    const error = await assertRejects(
      () => enqueue(task, "Ada"),
      TaskEnqueueError,
    );
    assertEquals([error.outcome, error.task], [outcome, "greet"]);
  }
});

test("enqueue() is not certain of what a queue throws that does not say", async () => {
  const queue: TaskQueue = {
    ...memoryQueue(),
    name: "mine",
    supports: { idempotencyKey: true, maxDelay: 9, maxBytes: 1_000 },
    enqueue: () => Promise.reject(new Error("boom")),
  };
  const task = defineTask("greet", { queue }, greet);
  const error = await assertRejects(
    () => enqueue(task, "Ada"),
    TaskEnqueueError,
  );
  assertEquals([error.outcome, error.queue], ["unknown", "mine"]);
  assertEquals(error.message, 'Cannot hand task "greet" to mine: boom');
});

test("enqueue() refuses what has no queue, what is no JSON and what is no option", async () => {
  const queue = memoryQueue();
  const task = defineTask("greet", { queue }, greet);
  const plain = defineTask("plain", greet);
  for (
    const [call, message] of [
      [
        () => enqueue(plain, "a"),
        'Cannot enqueue task "plain": it has no queue; w',
      ],
      [
        () => enqueue(greet as never, "a"),
        "Cannot enqueue a function: it has no q",
      ],
      [
        () => enqueue({}, 1 as never),
        "Cannot enqueue 1: it has no queue; write",
      ],
      [
        () => enqueue(task("a") as never),
        "Cannot read enqueue options from a Pro",
      ],
      [
        () => enqueue(task, 1n as never),
        "argument 1 is a bigint; pass String(val",
      ],
      [
        () => enqueue({ runOn: "always" } as never, task, "a"),
        "enqueue option",
      ],
      [() => enqueue({ delay: "1" } as never, task, "a"), 'delay "1"'],
    ] as const
  ) await assertRejects(call, TypeError, message);
  assertEquals(queue.messages, []);
});

test("enqueue({ runner }) tells the observers of the runner of the hand-over, and its drain waits for them", async () => {
  const queue = memoryQueue();
  const task = defineTask("greet", { queue }, greet);
  const events: unknown[] = [];
  let write: () => void = () => {};
  const written = new Promise<void>((resolve) => write = resolve);
  const runner = new TaskRunner({
    observers: [{
      onAdd: ({ status }) => void events.push(status),
      onEnd: ({ id, name, status, error, addedAt, endedAt, startedAt }) => {
        const took = (endedAt ?? NaN) - addedAt;
        events.push(id, name, status, error, took >= 0, startedAt);
        return written;
      },
    }],
  });
  const id = await enqueue({ runner }, task, "Ada");
  assertEquals(events.splice(0), [
    "waiting",
    ...[id, "greet", "succeeded", undefined, true, undefined],
  ]);
  const { pending } = runner.stats();
  assertEquals(pending, 0); // it counts as no task of this process
  const drained = runner.drain();
  const first = await Promise.race([drained, Promise.resolve("waits")]);
  assertEquals(first, "waits");
  write();
  assertEquals(await drained, { finished: 0, failed: 0, abandoned: [] });
  queue.refuse("unknown");
  const error = await assertRejects(
    () => enqueue({ runner }, task, "Ada"),
    TaskEnqueueError,
  );
  assertEquals([events[0], events[3], events[4]], ["waiting", "failed", error]);
  const wrong = { runner: {} as TaskRunner };
  await assertRejects(
    () => enqueue(wrong, task, "Ada"),
    TypeError,
    "Cannot use runner an object: write new TaskRunner()",
  );
});
