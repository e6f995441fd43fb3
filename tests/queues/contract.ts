/**
 * What every `TaskQueue` owes its callers, whatever engine is behind it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { TaskMessage, TaskQueue } from "@postlude/background-tasks";
import { test } from "../harness/test.ts";

/** A queue, and the view of its engine that a test needs. */
export interface QueueUnderTest extends AsyncDisposable {
  /** The queue; its engine holds nothing yet. */
  readonly queue: TaskQueue;
  /** What workers handed the request's platform; the bindings, on Workers. */
  readonly platform?: unknown;
  /** What the engine keeps, asked of the engine itself, in any order. */
  stored(): Promise<TaskMessage[]>;
}

/** A message as `addTask` makes it. */
export function messageFor(
  index: number,
  more: Partial<TaskMessage> = {},
): TaskMessage {
  return {
    version: 1,
    id: crypto.randomUUID(),
    task: "contract",
    args: [index, { text: `ünïcode ${index} "quoted"`, list: [null, true] }],
    addedAt: 1_700_000_000_000,
    retry: { attempts: 3, delay: 10, jitter: 0 },
    ...more,
  };
}

/**
 * Declares the tests of one adapter.
 *
 * @param name What is tested, for the titles.
 * @param open Opens a queue whose engine holds nothing.
 */
export function testQueue(
  name: string,
  open: () => Promise<QueueUnderTest>,
): void {
  test(`${name}.enqueue() resolves when the engine has every message, unchanged`, async () => {
    await using engine = await open();
    const messages = [messageFor(1, { timeout: 5 }), messageFor(2)];
    await enqueue(engine, messages);
    assertEquals(sorted(await engine.stored()), sorted(messages));
  });

  test(`${name}.enqueue() keeps batches that are handed over at once apart`, async () => {
    await using engine = await open();
    const batches = [1, 2, 3, 4, 5].map((index) => [
      messageFor(index),
      messageFor(index),
    ]);
    await Promise.all(batches.map((batch) => enqueue(engine, batch)));
    assertEquals(sorted(await engine.stored()), sorted(batches.flat()));
  });

  test(`${name}.enqueue() keeps one message per idempotencyKey, or says it does not support it`, async () => {
    await using engine = await open();
    if (!engine.queue.supports.idempotencyKey) return;
    const first = messageFor(1, { idempotencyKey: "order: 7" });
    const other = messageFor(3, { idempotencyKey: "order: 8" });
    await enqueue(engine, [first]);
    await enqueue(engine, [
      messageFor(2, { idempotencyKey: "order: 7" }),
      other,
    ]);
    assertEquals(sorted(await engine.stored()), sorted([first, other]));
  });

  test(`${name}.enqueue() keeps apart what two tasks with slashes, and their keys, are called`, async () => {
    await using engine = await open();
    if (!engine.queue.supports.idempotencyKey) return;
    const messages = [
      messageFor(1, { task: "mail", idempotencyKey: "send/42" }),
      messageFor(2, { task: "mail/send", idempotencyKey: "42" }),
      messageFor(3, { task: "mail", idempotencyKey: "send%2F42" }),
    ];
    await enqueue(engine, messages);
    assertEquals(sorted(await engine.stored()), sorted(messages));
  });

  test(`${name}.enqueue() keeps a message that is delayed`, async () => {
    await using engine = await open();
    if (engine.queue.supports.maxDelay === 0) return;
    const delayed = messageFor(1, { delay: 60_000 });
    await enqueue(engine, [delayed]);
    assertEquals(await engine.stored(), [delayed]);
  });

  test(`${name}.close() may be followed by another enqueue()`, async () => {
    await using engine = await open();
    await enqueue(engine, [messageFor(1)]);
    await engine.queue.close();
    await engine.queue.close();
    await enqueue(engine, [messageFor(2)]);
    assertEquals((await engine.stored()).length, 2);
  });
}

function enqueue(
  { queue, platform }: QueueUnderTest,
  messages: readonly TaskMessage[],
): Promise<void> {
  return queue.enqueue(messages, { platform });
}

function sorted(messages: readonly TaskMessage[]): TaskMessage[] {
  return [...messages].sort((a, b) => a.id < b.id ? -1 : 1);
}
