import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  defineTask,
  TaskEnqueueError,
  type TaskMessage,
  type TaskRun,
} from "@postlude/background-tasks";
import {
  type CloudflareMessage,
  cloudflareQueue,
  queueHandler,
} from "@postlude/background-tasks/cloudflare-queues";
import { consoleLines } from "../../harness/console_lines.ts";
import { test } from "../../harness/test.ts";
import { withGlobal } from "../../harness/with_global.ts";
import { messageFor, testQueue } from "../contract.ts";

/** What a worker finds in its environment. */
interface Env {
  readonly TASKS: Binding;
}

type Sent = { body: unknown; contentType?: string; delaySeconds?: number };

/** A producer binding that records, instead of a platform. */
class Binding {
  readonly batches: Sent[][] = [];

  sendBatch(messages: Iterable<Sent>): Promise<void> {
    this.batches.push([...messages]);
    return Promise.resolve();
  }
}

testQueue("cloudflareQueue()", () => {
  const binding = new Binding();
  return Promise.resolve({
    queue: cloudflareQueue((env: Env) => env.TASKS),
    platform: { TASKS: binding },
    stored: () =>
      Promise.resolve(
        binding.batches.flat().map(({ body }) => body as TaskMessage),
      ),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});

test("cloudflareQueue().enqueue() sends JSON, a delay in whole seconds, and batches the platform takes", async () => {
  const binding = new Binding();
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  const large = "x".repeat(100_000);
  await queue.enqueue(
    [
      messageFor(1, { delay: 1_001 }),
      ...[1, 2, 3].map(() => messageFor(2, { args: [large] })),
    ],
    { platform: { TASKS: binding } },
  );
  await queue.enqueue(
    Array.from({ length: 101 }, (_, index) => messageFor(index)),
    { platform: { TASKS: binding } },
  );
  assertEquals(binding.batches.map(({ length }) => length), [3, 1, 100, 1]);
  const [first, second] = binding.batches[0]!;
  assertEquals([first?.contentType, first?.delaySeconds], ["json", 2]);
  assertEquals("delaySeconds" in second!, false);
});

test("cloudflareQueue().enqueue() leaves room in a message and a batch for the trace, and for what Cloudflare adds", async () => {
  const binding = new Binding();
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  const spanContext = () => ({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
    traceState: { serialize: () => `a=${"1".repeat(510)}` }, // the longest there is
  });
  const context = { active: () => ({ getValue: () => ({ spanContext }) }) };
  const bytes = (value: unknown): number => JSON.stringify(value).length;
  const sized = (size: number): TaskMessage => {
    const rest = bytes(messageFor(1, { args: [""] }));
    return messageFor(1, { args: ["x".repeat(size - rest)] });
  };
  const messages = [
    sized(queue.supports.maxBytes),
    ...Array.from({ length: 100 }, () => sized(2_400)),
  ];
  await withGlobal(
    Symbol.for("opentelemetry.js.api.1"),
    { context },
    () => queue.enqueue(messages, { platform: { TASKS: binding } }),
  );
  const sizes = binding.batches.map((batch) =>
    batch.map(({ body }) => bytes(body) + 100)
  );
  for (const batch of sizes) {
    const all = batch.reduce((sum, size) => sum + size, 0);
    assert(Math.max(...batch) <= 128_000, `a message of ${batch[0]} bytes`);
    assert(all <= 256_000, `a batch of ${all} bytes`);
  }
  assertEquals(sizes.flat().length, 101);
});

test("cloudflareQueue().enqueue() says what is missing where there is no binding", async () => {
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  for (const platform of [{}, undefined]) {
    const error = await assertRejects(
      () => queue.enqueue([messageFor(1)], { platform }),
      TaskEnqueueError,
      'Cannot hand task "contract" to Cloudflare Queues: the binding is undefined; add a producer',
    );
    assertEquals(error.outcome, "not-queued");
  }
});

test("cloudflareQueue().enqueue() waits five seconds for the platform, and not longer", async () => {
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  const TASKS = { sendBatch: () => new Promise<void>(() => {}) };
  const delays: number[] = [];
  const { setTimeout } = globalThis;
  const hurried = (callback: () => void, delay: number): unknown => {
    delays.push(delay);
    return setTimeout(callback, 0);
  };
  await withGlobal("setTimeout", hurried, async () => {
    await assertRejects(
      () => queue.enqueue([messageFor(1)], { platform: { TASKS } }),
      Error,
      "it did not answer within 5000 ms",
    );
  });
  assertEquals(delays, [5_000]);
});

/** Delivers messages, and records what the handler tells the platform. */
async function deliver(
  handler: ReturnType<typeof queueHandler>,
  ...messages: readonly { body: unknown; attempts: number }[]
): Promise<string[]> {
  const answers = messages.map(() => "nothing");
  await handler({
    messages: messages.map((message, index): CloudflareMessage => ({
      ...message,
      ack: () => void (answers[index] = "ack"),
      retry: (options) =>
        void (answers[index] = `retry ${options?.delaySeconds ?? 0}`),
    })),
  });
  return answers;
}

test("queueHandler() acknowledges each message by what became of its task", async () => {
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  const given: unknown[] = [];
  const work = defineTask("work", {
    queue,
    retry: { attempts: 3, when: (error) => error !== "hopeless" },
  }, ({ attempt, id, name, deadline }, what: string) => {
    given.push([attempt, id === ids.get(what), name, deadline! > Date.now()]);
    if (what !== "fine") throw what;
  });
  const failed: unknown[] = [];
  const handler = queueHandler([work], {
    onTaskError: (error, run) =>
      void failed.push([error, run.name, run.status]),
  });
  const ids = new Map<string, string>();
  const message = (what: string): TaskMessage => {
    const made = messageFor(0, {
      task: "work",
      args: [what],
      retry: { attempts: 3, delay: 1_500, factor: 2, jitter: 0 },
    });
    ids.set(what, made.id);
    return made;
  };
  assertEquals(
    await deliver(
      handler,
      { body: message("fine"), attempts: 1 },
      { body: message("again"), attempts: 2 },
      { body: message("over"), attempts: 3 },
      { body: message("hopeless"), attempts: 1 },
      { body: message("used up"), attempts: 4 },
    ),
    ["ack", "retry 3", "retry 0", "ack", "retry 0"],
  );
  assertEquals(given, [
    [1, true, "work", true],
    [2, true, "work", true],
    [3, true, "work", true],
    [1, true, "work", true],
  ]);
  assertEquals(failed, [
    ["over", "work", "failed"],
    ["hopeless", "work", "failed"],
  ]);
});

test("queueHandler() leaves to the platform a message that cannot be read, and runs the others", async () => {
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  const handler = queueHandler([defineTask("work", { queue }, () => {})]);
  const body = messageFor(1, { task: "work", args: [] });
  const noText = { toString: 1 }; // JSON that throws where it is read as a text or a number
  const answers: string[] = [];
  const errors = await consoleLines("error", async () => {
    answers.push(
      ...await deliver(
        handler,
        { body: { ...body, trace: { traceparent: noText } }, attempts: 1 },
        { body: { ...body, version: 2, addedAt: noText }, attempts: 1 },
        { body: { ...body, retry: { attempts: noText } }, attempts: 1 },
        { body, attempts: 1 },
      ),
    );
  });
  assertEquals(answers, ["retry 0", "retry 0", "retry 0", "ack"]);
  assertEquals(errors.length, 3);
});

test("queueHandler() leaves a task it does not know for a newer worker, and what is no message to the platform", async () => {
  const lines = await consoleLines("error", async () => {
    assertEquals(
      await deliver(
        queueHandler([]),
        { body: messageFor(1), attempts: 1 },
        { body: "not a message", attempts: 1 },
        { body: null, attempts: 1 },
      ),
      ["retry 30", "retry 0", "retry 0"],
    );
  });
  assertEquals(
    lines[0],
    'Cannot run task "contract": this worker does not know it; it is left for another one',
  );
});

test("queueHandler() ends an attempt at its timeout, and aborts its signal", async () => {
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  const aborted: unknown[] = [];
  const slow = defineTask("slow", { queue }, ({ signal }) => {
    signal.addEventListener("abort", () => aborted.push(signal.reason.name));
    return new Promise<void>(() => {});
  });
  const failed: unknown[] = [];
  const handler = queueHandler([slow], {
    onTaskError: (_, { status }) => void failed.push(status),
  });
  const body = messageFor(0, {
    task: "slow",
    args: [],
    timeout: 5,
    retry: { attempts: 1 },
  });
  assertEquals(await deliver(handler, { body, attempts: 1 }), ["retry 0"]);
  assertEquals([aborted, failed], [["TaskTimeoutError"], ["timed-out"]]);
});

test("queueHandler() waits for the promise of an observer before it acknowledges", async () => {
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  const work = defineTask("work", { queue }, () => {});
  const events: string[] = [];
  const handler = queueHandler([work], {
    observers: [{
      async onEnd(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve));
        events.push("observed");
      },
    }],
  });
  const body = messageFor(0, { task: "work", args: [] });
  await deliver(handler, { body, attempts: 1 });
  events.push("batch is over");
  assertEquals(events, ["observed", "batch is over"]);
});

test("queueHandler() waits for the promise of onTaskError, within the time of the batch", async () => {
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  const failing = defineTask("failing", { queue }, () => {
    throw new Error("no");
  });
  const events: string[] = [];
  const handler = queueHandler([failing], {
    onTaskError: async () => {
      await new Promise((resolve) => setTimeout(resolve));
      events.push("reported");
    },
  });
  const body = messageFor(0, {
    task: "failing",
    args: [],
    retry: { attempts: 1 },
  });
  await deliver(handler, { body, attempts: 1 });
  events.push("batch is over");
  assertEquals(events, ["reported", "batch is over"]);
});

test("queueHandler() ends an attempt half a second before the platform does, as expired", async () => {
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  const aborted: unknown[] = [];
  const hang = defineTask("hang", { queue }, ({ signal }) => {
    signal.addEventListener("abort", () => aborted.push(signal.reason.name));
    return new Promise<void>(() => {});
  });
  const failed: unknown[] = [];
  const handler = queueHandler(
    [hang, defineTask("fine", { queue }, () => {})],
    {
      onTaskError: (error, { name, status }) =>
        void failed.push([name, status, (error as Error).name]),
    },
  );
  const bodies = ["hang", "fine"].map((task) =>
    messageFor(0, { task, args: [], retry: { attempts: 2, jitter: 0 } })
  );
  const delays: number[] = [];
  const { setTimeout } = globalThis;
  const hurried = (callback: () => void, delay: number): unknown => {
    delays.push(15 * 60_000 - delay);
    return setTimeout(callback, 0);
  };
  await withGlobal("setTimeout", hurried, async () => {
    for (
      const [attempts, answer] of [[1, "retry 1"], [2, "retry 0"]] as const
    ) {
      const messages = bodies.map((body) => ({ body, attempts }));
      assertEquals(await deliver(handler, ...messages), [answer, "ack"]);
    }
  });
  assertEquals(delays.length, 4);
  // of the platform's 15 minutes, what the batch has taken until then is gone as well
  for (const before of delays) assert(before >= 500 && before < 60_000);
  assertEquals(aborted, ["TimeoutError", "TimeoutError"]);
  assertEquals(failed, [["hang", "expired", "TimeoutError"]]);
});

test("queueHandler() tells its observers of each attempt, and makes it inside what they set up", async () => {
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  const events: string[] = [];
  const work = defineTask("work", { queue, retry: { attempts: 2 } }, (
    { attempt },
    what: string,
  ) => {
    events.push(`handler ${what}`);
    if (attempt === 1) throw what;
  });
  const note = (event: string) => (run: TaskRun): void =>
    void events.push(
      `${event} ${run.attempt} ${run.status} ${String(run.error)} ${
        run.startedAt !== undefined
      } ${run.endedAt !== undefined}`,
    );
  const handler = queueHandler([work], {
    observers: [{
      onAdd: note("add"),
      onStart: note("start"),
      onRetry: note("retry"),
      onEnd: note("end"),
      around(_run, attempt): void {
        events.push("enters");
        attempt();
        events.push("leaves");
      },
    }],
  });
  const body = messageFor(0, {
    task: "work",
    args: ["a"],
    retry: { attempts: 2, delay: 0, factor: 2, jitter: 0 },
  });
  assertEquals(await deliver(handler, { body, attempts: 1 }), ["retry 0"]);
  assertEquals(await deliver(handler, { body, attempts: 2 }), ["ack"]);
  const attempt = ["enters", "handler a", "leaves"];
  assertEquals(events, [
    "add 1 waiting undefined false false",
    "start 1 running undefined true false",
    ...attempt,
    "end 1 failed a true true",
    "add 2 waiting undefined false false",
    "start 2 running undefined true false",
    ...attempt,
    "end 2 succeeded undefined true true",
  ]);
  assertThrows(
    () => queueHandler([work], { observers: [1] as never }),
    TypeError,
    "Cannot use observer 1: write an object",
  );
});

test("queueHandler() refuses what is no task, and two of one name", () => {
  const queue = cloudflareQueue((env: Env) => env.TASKS);
  const one = defineTask("one", { queue }, () => {});
  assertThrows(
    () => queueHandler([(() => {}) as unknown as typeof one]),
    TypeError,
    "Cannot run a function in a worker: write defineTask(name, { queue }, handler)",
  );
  assertThrows(() => queueHandler([one, one]), TypeError, 'named "one"');
  assertThrows(
    () => queueHandler(one as never),
    TypeError,
    "Cannot use tasks a function: write an array such as [sendEmail]",
  );
  assertThrows(
    () => queueHandler([one], { onTaskError: "log" as never }),
    TypeError,
    'Cannot use onTaskError "log": write (error, run) => log(run.name, error)',
  );
});

test("cloudflareQueue() refuses a binding that is not taken from the environment", () => {
  assertThrows(
    () => cloudflareQueue(new Binding() as never),
    TypeError,
    "Cannot use binding a Binding: write (env) => env.TASKS",
  );
});

test("queueHandler() leaves no timer of a delivery that is over", async () => {
  let timers = 0;
  const set = (): number => ++timers;
  const clear = (timer: unknown): void => {
    if (timer !== undefined) timers--;
  };
  const task = defineTask(
    "contract",
    { queue: cloudflareQueue((env: Env) => env.TASKS) },
    () => {},
  );
  const message: CloudflareMessage = {
    body: messageFor(1),
    attempts: 1,
    ack() {},
    retry() {},
  };
  await withGlobal("setTimeout", set, async () => {
    await withGlobal("clearTimeout", clear, async () => {
      await queueHandler([task])({ messages: [message] });
    });
  });
  assertEquals(timers, 0);
});
