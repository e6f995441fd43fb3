import { describeValue } from "../check/check.ts";
import { TaskEnqueueError } from "../check/errors.ts";
import type { TaskMessage, TaskQueue } from "./task_queue.ts";

/** A queue for tests: it keeps its messages in memory, where a test can look at them. */
export interface MemoryQueue extends TaskQueue {
  /** What was handed over, in order. A second message with the same `idempotencyKey` is left out. */
  readonly messages: readonly TaskMessage[];
  /** Forgets what was handed over, as if workers had run it long ago. */
  clear(): void;
  /**
   * Refuses every message that is handed over from now on, as a broker that is down does.
   *
   * @param outcome The `outcome` of the `TaskEnqueueError`; `undefined` takes messages again.
   * @throws {RangeError} If the outcome is none of these.
   */
  refuse(outcome: "not-queued" | "unknown" | undefined): void;
}

/**
 * A queue that records what it is handed, for tests. It supports every option, and nothing runs: a
 * handler is tested by calling its task.
 *
 * @example Test that a request queues a mail
 * ```ts
 * import { defineTask, withBackgroundTasks } from "@postlude/background-tasks";
 * import { memoryQueue } from "@postlude/background-tasks/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = memoryQueue();
 * const sendEmail = defineTask("send-email", { queue }, (_, to: string) => console.log(to));
 * const signup = withBackgroundTasks((_request, tasks) => {
 *   tasks.addTask(sendEmail, "ada@example.com");
 *   return new Response("ok");
 * });
 *
 * await signup(new Request("https://example.com/signup"));
 * assertEquals(queue.messages.map(({ task, args }) => [task, args]), [
 *   ["send-email", ["ada@example.com"]],
 * ]);
 * ```
 *
 * @returns The queue.
 */
export function memoryQueue(): MemoryQueue {
  return new RecordingQueue();
}

class RecordingQueue implements MemoryQueue {
  readonly name = "memory";
  readonly supports = {
    idempotencyKey: true,
    maxDelay: Infinity,
    maxBytes: Infinity,
  };
  readonly messages: TaskMessage[] = [];
  #refusal: "not-queued" | "unknown" | undefined = undefined;

  clear(): void {
    this.messages.length = 0;
  }

  refuse(outcome: "not-queued" | "unknown" | undefined): void {
    if (!["not-queued", "unknown", undefined].includes(outcome)) {
      throw new RangeError(
        `Cannot refuse with ${
          describeValue(outcome)
        }: write "not-queued", "unknown" or undefined`,
      );
    }
    this.#refusal = outcome;
  }

  async enqueue(messages: readonly TaskMessage[]): Promise<void> {
    await Promise.resolve();
    if (this.#refusal !== undefined) {
      const task = messages[0]?.task ?? "";
      const reason = "the test refuses it";
      throw new TaskEnqueueError(task, this.name, this.#refusal, reason);
    }
    for (const message of messages) {
      if (!this.#holds(message)) this.messages.push(message);
    }
  }

  async close(): Promise<void> {}

  #holds({ id, task, idempotencyKey }: TaskMessage): boolean {
    return this.messages.some((message) =>
      message.id === id ||
      (idempotencyKey !== undefined && message.task === task &&
        message.idempotencyKey === idempotencyKey)
    );
  }
}
