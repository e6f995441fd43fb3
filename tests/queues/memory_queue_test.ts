import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { TaskEnqueueError } from "@postlude/background-tasks";
import { memoryQueue } from "../../src/queues/memory_queue.ts";
import { test } from "../harness/test.ts";
import { messageFor, testQueue } from "./contract.ts";

testQueue("memoryQueue()", () => {
  const queue = memoryQueue();
  return Promise.resolve({
    queue,
    stored: () => Promise.resolve([...queue.messages]),
    [Symbol.asyncDispose]: () => queue.close(),
  });
});

test("memoryQueue().clear() forgets the messages, their keys included", async () => {
  const queue = memoryQueue();
  const message = messageFor(1, { idempotencyKey: "order:7" });
  await queue.enqueue([message], { platform: undefined });
  queue.clear();
  assertEquals(queue.messages, []);
  await queue.enqueue([message], { platform: undefined });
  assertEquals(queue.messages, [message]);
});

test("memoryQueue().refuse() refuses with that outcome until it is taken back", async () => {
  const queue = memoryQueue();
  const message = messageFor(1);
  const enqueue = (): Promise<void> =>
    queue.enqueue([message], { platform: undefined });
  for (const outcome of ["not-queued", "unknown"] as const) {
    queue.refuse(outcome);
    const error = await assertRejects(enqueue, TaskEnqueueError);
    assertEquals([error.outcome, error.task], [outcome, "contract"]);
  }
  queue.refuse(undefined);
  await enqueue();
  assertEquals(queue.messages, [message]);
});

test("memoryQueue().refuse() refuses an outcome that there is not", () => {
  const { message } = assertThrows(
    () => memoryQueue().refuse("down" as never),
    RangeError,
  );
  assertEquals(
    message,
    'Cannot refuse with "down": write "not-queued", "unknown" or undefined',
  );
});

test("memoryQueue().enqueue() keeps one message for each task of a key", async () => {
  const queue = memoryQueue();
  const messages = ["bill", "mail"].map((task, index) =>
    messageFor(index, { task, idempotencyKey: "order:7" })
  );
  await queue.enqueue(messages, { platform: undefined });
  assertEquals(queue.messages, messages);
});
