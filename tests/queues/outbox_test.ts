import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  type BackgroundTask,
  type BackgroundTasks,
  BackgroundTasks as Tasks,
  backgroundTasks,
  BackgroundTasksClosedError,
  type BackgroundTasksEnv,
  defineTask,
  task,
  TaskEnqueueError,
  type TaskMessage,
  type TaskQueue,
  TaskQueueFullError,
  type TaskRun,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import {
  type MemoryQueue,
  memoryQueue,
} from "../../src/queues/memory_queue.ts";
import { test } from "../harness/test.ts";

const REQUEST = "https://example.com/";

/** A queue, two durable tasks, and a record of what became of the tasks. */
function record(): {
  queue: MemoryQueue;
  runner: TaskRunner;
  events: string[];
  sendEmail: (to: string) => Promise<void>;
  names: () => string[];
} {
  const queue = memoryQueue();
  const events: string[] = [];
  const runner = new TaskRunner({
    observers: [{
      onAdd: ({ name }) => void events.push(`${name} added`),
      onEnd: ({ name, status }) => void events.push(`${name} ${status}`),
    }],
  });
  const sendEmail = defineTask(
    "send-email",
    { queue, timeout: 5_000, retry: { attempts: 5 } },
    (_, _to: string) => {
      events.push("the handler ran in this process");
    },
  );
  const names = (): string[] => queue.messages.map(({ task }) => task);
  return { queue, runner, events, sendEmail, names };
}

/** Handles one request with `add`, as the wrapper does. */
function handle(
  runner: TaskRunner,
  add: (tasks: BackgroundTasks) => void,
): Promise<Response> {
  return withBackgroundTasks((_request, tasks) => {
    add(tasks);
    return new Response("ok");
  }, { runner })(new Request(REQUEST));
}

test("BackgroundTasks.addTask() hands a durable task over before the response leaves", async () => {
  const { queue, runner, events, sendEmail } = record();
  const response = await handle(runner, (tasks) => {
    tasks.addTask(sendEmail, "ada@example.com");
    assertEquals([tasks.size, [...tasks].length], [1, 1]);
    assertEquals(queue.messages, []);
  });
  assertEquals(response.status, 200);
  const [message] = queue.messages;
  assertMatch(message!.id, /^[0-9a-f-]{36}$/);
  assertEquals({ ...message!, id: "", addedAt: 0 }, {
    version: 1,
    id: "",
    task: "send-email",
    args: ["ada@example.com"],
    addedAt: 0,
    retry: { attempts: 5 },
    timeout: 5_000,
  });
  assertEquals(events, ["send-email added", "send-email succeeded"]);
});

test("BackgroundTasks.addTask() hands all durable tasks of a request over at once, and runs the others here", async () => {
  const { runner, events, sendEmail } = record();
  const batches: string[][] = [];
  const counting: TaskQueue = {
    close: () => Promise.resolve(),
    name: "counting",
    supports: { idempotencyKey: false, maxDelay: 0, maxBytes: 1_000 },
    enqueue: (messages) => {
      batches.push(messages.map(({ args }) => String(args[0])));
      return Promise.resolve();
    },
  };
  const charge = defineTask(
    "charge",
    { queue: counting },
    (_, _id: string) => {},
  );
  await handle(runner, (tasks) => {
    tasks.addTask(charge, "one");
    tasks.addTask(function plain() {
      events.push("plain ran");
    });
    tasks.addGroup(task(charge, "two"), task(function grouped() {}));
    tasks.addTask(sendEmail, "ada@example.com");
  });
  assertEquals(batches, [["one", "two"]]);
  await runner.drain();
  assertEquals(events.filter((event) => !event.endsWith("added")), [
    "charge succeeded",
    "charge succeeded",
    "send-email succeeded",
    "plain ran",
    "plain succeeded",
    "grouped succeeded",
  ]);
});

test("BackgroundTasks.addGroup() hands over what an observer adds behind the group it was told of", async () => {
  const { queue, sendEmail } = record();
  let add: (() => void) | undefined;
  const runner = new TaskRunner({
    observers: [{
      onAdd() {
        const once = add;
        add = undefined;
        once?.();
      },
    }],
  });
  await handle(runner, (tasks) => {
    add = () => void tasks.addTask(sendEmail, "observer's");
    tasks.addGroup(task(sendEmail, "one"), task(sendEmail, "other"));
  });
  assertEquals(
    queue.messages.map(({ args }) => args[0]),
    ["one", "other", "observer's"],
  );
});

test("BackgroundTasks.addTask() copies the arguments of a durable task", async () => {
  const { queue, runner } = record();
  const store = defineTask("store", { queue }, (_, _o: { at: number[] }) => {});
  const order = { at: [1] };
  await handle(runner, (tasks) => {
    tasks.addTask(store, order);
    order.at.push(2);
  });
  assertEquals(queue.messages[0]?.args, [{ at: [1] }]);
});

test("BackgroundTasks.with() gives a durable task its delay, its key and its policy", async () => {
  const { queue, runner, sendEmail } = record();
  await handle(runner, (tasks) => {
    const view = tasks.with({
      idempotencyKey: "order:7",
      delay: 60_000,
      timeout: 1,
      retry: { attempts: 2, delay: 10 },
    });
    view.addTask(sendEmail, "ada@example.com");
    view.addTask(sendEmail, "twice@example.com");
  });
  const [message, ...others] = queue.messages as TaskMessage[];
  assertEquals(others, []);
  assertEquals(
    [message?.idempotencyKey, message?.delay, message?.timeout, message?.retry],
    ["order:7", 60_000, 1, { attempts: 2, delay: 10 }],
  );
});

test("BackgroundTask.cancel() keeps a durable task from its engine", async () => {
  const { runner, events, sendEmail, names } = record();
  await handle(runner, (tasks) => {
    assertEquals(tasks.addTask(sendEmail, "ada@example.com").cancel(), true);
    assertEquals(tasks.size, 0);
  });
  assertEquals(names(), []);
  assertEquals(events, ["send-email added", "send-email cancelled"]);
});

test("BackgroundTasks.addTask() ends a durable task that was cancelled before it was added", async () => {
  const { runner, events, sendEmail, names } = record();
  await handle(runner, (tasks) => {
    const email = task(sendEmail, "ada@example.com");
    email.cancel();
    tasks.addTask(email);
  });
  assertEquals(names(), []);
  assertEquals(events, ["send-email added", "send-email cancelled"]);
});

test("BackgroundTask.cancel() cannot take back what is being handed over", async () => {
  const { runner, events, queue, sendEmail, names } = record();
  const { enqueue } = queue;
  let email: BackgroundTask | undefined;
  let cancelled: boolean | undefined;
  queue.enqueue = async (...batch) => {
    cancelled = email?.cancel();
    await enqueue.apply(queue, batch);
  };
  await handle(runner, (tasks) => {
    email = tasks.addTask(sendEmail, "ada@example.com");
  });
  assertEquals([cancelled, email?.state], [false, "succeeded"]);
  assertEquals(names(), ["send-email"]);
  assertEquals(events, ["send-email added", "send-email succeeded"]);
});

test("withBackgroundTasks() fails the request when an engine refuses, and discards its tasks", async () => {
  const { queue, runner, events, sendEmail } = record();
  queue.refuse("unknown");
  const error = await assertRejects(
    () =>
      handle(runner, (tasks) => {
        tasks.addTask(function plain() {});
        tasks.addTask(sendEmail, "ada@example.com");
        tasks.with({ runOn: "always", name: "audit" }).addTask(() => {});
      }),
    TaskEnqueueError,
  );
  assertEquals(
    [error.task, error.queue, error.outcome, error.message],
    [
      "send-email",
      "memory",
      "unknown",
      'Cannot hand task "send-email" to memory: the test refuses it',
    ],
  );
  await runner.drain();
  assertEquals(events.filter((event) => !event.endsWith("added")), [
    "send-email failed",
    "plain discarded",
    "audit succeeded",
  ]);
});

test("withBackgroundTasks() calls an error of a queue that says nothing unknown, and keeps it as the cause", async () => {
  const cause = new Error("socket closed");
  const queue: TaskQueue = {
    name: "mine",
    supports: { idempotencyKey: false, maxDelay: 0, maxBytes: Infinity },
    enqueue: () => {
      throw cause;
    },
    close: () => Promise.resolve(),
  };
  const ping = defineTask("ping", { queue }, () => {});
  const error = await assertRejects(
    () => handle(new TaskRunner(), (tasks) => void tasks.addTask(ping)),
    TaskEnqueueError,
    'Cannot hand task "ping" to mine: socket closed',
  );
  assertEquals([error.outcome, error.cause], ["unknown", cause]);
});

test("withBackgroundTasks() fails the request with a TaskEnqueueError, whatever a queue throws", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const { runner, events } = record();
  const queue: TaskQueue = {
    name: "mine",
    supports: { idempotencyKey: false, maxDelay: 0, maxBytes: 1_000 },
    enqueue: () => Promise.reject(proxy),
    close: () => Promise.resolve(),
  };
  const charge = defineTask("charge", { queue }, () => {});
  const error = await assertRejects(
    () => handle(runner, (tasks) => void tasks.addTask(charge)),
    TaskEnqueueError,
    "an error that has no text",
  );
  assertEquals([error.outcome, error.queue], ["unknown", "mine"]);
  assertStrictEquals(error.cause, proxy);
  assertEquals(events, ["charge added", "charge failed"]);
});

test("withBackgroundTasks() calls it unknown when an engine refuses and another one has its tasks", async () => {
  const [taken, refusing] = [record(), record()];
  refusing.queue.refuse("not-queued");
  const error = await assertRejects(
    () =>
      handle(new TaskRunner(), (tasks) => {
        tasks.addTask(refusing.sendEmail, "ada@example.com");
        tasks.addTask(taken.sendEmail, "ada@example.com");
      }),
    TaskEnqueueError,
    "other durable tasks of the request are queued",
  );
  assertEquals(error.outcome, "unknown");
  assertInstanceOf(error.cause, TaskEnqueueError);
  assertEquals(error.cause.outcome, "not-queued");
  assertEquals([taken.names(), refusing.names()], [["send-email"], []]);
});

test("withBackgroundTasks() throws the unknown of two refusals", async () => {
  const [one, two] = [record(), record()];
  one.queue.refuse("not-queued");
  two.queue.refuse("unknown");
  const error = await assertRejects(
    () =>
      handle(new TaskRunner(), (tasks) => {
        tasks.addTask(one.sendEmail, "ada@example.com");
        tasks.addTask(two.sendEmail, "ada@example.com");
      }),
    TaskEnqueueError,
  );
  assertEquals(error.outcome, "unknown");
});

test("withBackgroundTasks() hands nothing over when one of the runOn predicates throws", async () => {
  const { runner, events, sendEmail, names } = record();
  const runOn = (): boolean => {
    throw new Error("the predicate fails");
  };
  const error = await assertRejects(
    () =>
      handle(runner, (tasks) => {
        tasks.addTask(sendEmail, "ada@example.com");
        tasks.with({ runOn, name: "judged" }).addTask(
          sendEmail,
          "ada@example.com",
        );
      }),
    TaskEnqueueError,
    "its runOn predicate failed",
  );
  assertEquals([error.outcome, names()], ["not-queued", []]);
  assertEquals(events.slice(2), ["judged failed", "send-email failed"]);
});

test("onTaskError is told of a durable task that was lost after the handler had thrown", async () => {
  const { queue, runner } = record();
  queue.refuse("not-queued");
  const alert = defineTask("alert", { queue, runOn: "failure" }, () => {});
  const lost: string[] = [];
  const fetch = withBackgroundTasks((_request, tasks) => {
    tasks.addTask(alert);
    throw new Error("the handler failed");
  }, {
    runner,
    onTaskError: (error, { name, status }) =>
      void lost.push(`${name} ${status}: ${error}`),
  });
  await assertRejects(
    () => fetch(new Request(REQUEST)),
    Error,
    "the handler failed",
  );
  assertEquals(lost, [
    'alert failed: TaskEnqueueError: Cannot hand task "alert" to memory: the test refuses it',
  ]);
});

for (const door of ["withBackgroundTasks()", "backgroundTasks()"]) {
  test(`${door} cancels the body of a response that a refusal takes the place of`, async () => {
    const { queue, runner, sendEmail } = record();
    queue.refuse("not-queued");
    let cancelled: unknown;
    const respond = (tasks: BackgroundTasks): Response => {
      tasks.addTask(sendEmail, "ada@example.com");
      return new Response(
        new ReadableStream({ cancel: (reason) => cancelled = reason }),
      );
    };
    const app = new Hono<BackgroundTasksEnv>();
    app.use(backgroundTasks({ runner }));
    app.onError((_, c) => c.text("Try again later", 503));
    app.get("/", (c) => respond(c.var.backgroundTasks));
    const wrapped = withBackgroundTasks((_, tasks) => respond(tasks), {
      runner,
    });
    await (door === "backgroundTasks()"
      ? app.request(REQUEST)
      : assertRejects(() => wrapped(new Request(REQUEST))));
    assertInstanceOf(cancelled, TaskEnqueueError);
  });
}

test("withBackgroundTasks() hands nothing over when the handler throws, unless runOn says so", async () => {
  const { runner, events, sendEmail, names } = record();
  const alert = defineTask(
    "alert",
    { queue: (record()).queue, runOn: "failure" },
    () => {},
  );
  const thrown = new Error("the handler failed");
  const rejected = await assertRejects(() =>
    handle(runner, (tasks) => {
      tasks.addTask(sendEmail, "ada@example.com");
      tasks.addTask(alert);
      throw thrown;
    })
  );
  assertStrictEquals(rejected, thrown);
  assertEquals(names(), []);
  assertEquals(events.slice(2), ["send-email discarded", "alert succeeded"]);
});

test("withBackgroundTasks() fails the request whose runOn predicate throws: the task is certainly not queued", async () => {
  const { runner, events, sendEmail, names } = record();
  const cause = new Error("the predicate fails");
  const runOn = (): boolean => {
    throw cause;
  };
  const error = await assertRejects(
    () =>
      handle(runner, (tasks) => {
        tasks.with({ runOn }).addTask(sendEmail, "ada@example.com");
      }),
    TaskEnqueueError,
    "its runOn predicate failed",
  );
  assertEquals([error.outcome, error.cause], ["not-queued", cause]);
  assertEquals(names(), []);
  assertEquals(events, ["send-email added", "send-email failed"]);
});

test("backgroundTasks() hands an engine's refusal to app.onError, with nothing of the answer left", async () => {
  const { queue, runner, events, sendEmail } = record();
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ runner }));
  app.onError((error, c) => {
    c.get("backgroundTasks").addTask(function apology() {});
    return error instanceof TaskEnqueueError
      ? c.text("Try again later", 503)
      : c.text("Internal Server Error", 500);
  });
  app.get("/", (c) => {
    c.var.backgroundTasks.addTask(sendEmail, "ada@example.com");
    return c.text("welcome", 200, { ETag: '"1"', "Content-Length": "7" });
  });
  queue.refuse("not-queued");
  const refused = await app.request("/");
  assertEquals(
    [refused.status, await refused.text(), refused.headers.get("etag")],
    [503, "Try again later", null],
  );
  assertEquals(refused.headers.get("content-length"), null);
  queue.refuse(undefined);
  const accepted = await app.request("/");
  assertEquals(
    [accepted.status, await accepted.text(), accepted.headers.get("etag")],
    [200, "welcome", '"1"'],
  );
  assertEquals(queue.messages.length, 1);
  await runner.drain();
  assertEquals(events.filter((event) => event.startsWith("apology")), [
    "apology added",
    "apology succeeded",
  ]);
});

test("backgroundTasks() hands over what app.onError adds, and nothing else of a failed request", async () => {
  const { queue, runner, sendEmail } = record();
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ runner }));
  app.onError((_error, c) => {
    c.get("backgroundTasks").addTask(sendEmail, "support@example.com");
    return c.text("sorry", 500);
  });
  app.get("/", (c) => {
    c.var.backgroundTasks.addTask(sendEmail, "ada@example.com");
    throw new Error("the handler failed");
  });
  assertEquals((await app.request("/")).status, 500);
  assertEquals(queue.messages.map(({ args }) => args), [
    ["support@example.com"],
  ]);
});

test("BackgroundTasks.addTask() refuses a durable task where nobody waits for the hand-over", async () => {
  const { runner, sendEmail } = record();
  const error = assertThrows(
    () => new Tasks().addTask(sendEmail, "ada@example.com"),
    TypeError,
    "runAfter() returns at once",
  );
  assertMatch(error.message, /^Cannot add durable task "send-email": .*[^.]$/);
  let late: unknown;
  await handle(runner, (tasks) => {
    tasks.addTask(() => {
      try {
        tasks.addTask(sendEmail, "late@example.com");
      } catch (error) {
        late = error;
      }
    });
  });
  await runner.drain();
  assertInstanceOf(late, BackgroundTasksClosedError);
});

test("BackgroundTasks.addTask() refuses a durable task that an observer adds while runAfter() is called", async () => {
  const { sendEmail } = record();
  const refused: unknown[] = [];
  const runner = new TaskRunner({
    observers: [{
      onAdd: () => {
        try {
          tasks.addTask(sendEmail, "ada@example.com");
        } catch (error) {
          refused.push(error);
        }
      },
    }],
  });
  const tasks = new Tasks({ runner });
  tasks.addTask(() => {});
  tasks.runAfter(new Response(null));
  await runner.drain();
  assertInstanceOf(refused[0], TypeError);
  assertEquals(tasks.size, 0);
});

test("BackgroundTasks.addTask() refuses a durable task while those before it are handed over", async () => {
  const { runner, sendEmail, names } = record();
  let refused: unknown;
  let meanwhile = (): void => {};
  const queue: TaskQueue = {
    name: "slow",
    supports: { idempotencyKey: false, maxDelay: 0, maxBytes: Infinity },
    enqueue: () => {
      meanwhile();
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const charge = defineTask("charge", { queue }, () => {});
  await handle(runner, (tasks) => {
    tasks.addTask(charge);
    meanwhile = () => {
      try {
        tasks.addTask(sendEmail, "late@example.com"); // nobody would send it
      } catch (error) {
        refused = error;
      }
    };
  });
  assertInstanceOf(refused, BackgroundTasksClosedError);
  assertEquals(names(), []);
});

test("BackgroundTasks.addTask() refuses what the engine cannot do, at the call", async () => {
  const queue: TaskQueue = {
    name: "small",
    supports: { idempotencyKey: false, maxDelay: 1_000, maxBytes: 300 },
    enqueue: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const send = defineTask("send", { queue }, (_, _text: string) => {});
  await handle(new TaskRunner(), (tasks) => {
    assertThrows(
      () => tasks.with({ idempotencyKey: "1" }).addTask(send, ""),
      TypeError,
      'Cannot give task "send" an idempotencyKey: small has none',
    );
    assertThrows(
      () => tasks.with({ delay: 1_001 }).addTask(send, ""),
      RangeError,
      'Cannot delay task "send" by 1001 ms: small takes a delay of at most 1000 ms',
    );
    assertThrows(
      () => tasks.addTask(send, "x".repeat(300)),
      RangeError,
      "and small takes 300; pass an ID, and load the data in the task",
    );
    assertThrows(
      () =>
        tasks.with({ retry: { attempts: 2, when: () => true } })
          .addTask(send, ""),
      TypeError,
      "write it on defineTask, where the worker finds it",
    );
    assertEquals(tasks.size, 0);
  });
});

test("BackgroundTasks.addTask() takes a message of exactly as many bytes as the engine does", async () => {
  const supports = { idempotencyKey: false, maxDelay: 0, maxBytes: Infinity };
  const sizes: number[] = [];
  const queue: TaskQueue = {
    name: "small",
    supports,
    enqueue: ([message]) => {
      sizes.push(new TextEncoder().encode(JSON.stringify(message)).byteLength);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const send = defineTask("send", { queue }, (_, _text: string) => {});
  const add = (text: string): Promise<unknown> =>
    handle(new TaskRunner(), (tasks) => {
      tasks.addTask(send, text);
    });
  await add("é");
  const [bytes = 0] = sizes;
  supports.maxBytes = bytes;
  await add("é");
  assertEquals(sizes, [bytes, bytes]);
  await handle(new TaskRunner(), (tasks) => {
    assertThrows(
      () => tasks.addTask(send, "éx"),
      RangeError,
      `it takes ${bytes + 1} bytes as JSON, and small takes ${bytes}`,
    );
  });
});

test("BackgroundTasks.addGroup() takes durable tasks and others as a whole, or not at all", async () => {
  const { events, sendEmail, names } = record();
  const runner = new TaskRunner({ maxPending: 1 });
  await handle(runner, (tasks) => {
    const work = () => void events.push("work ran");
    const full = [task(sendEmail, "ada"), task(work), task(work)];
    assertThrows(() => tasks.addGroup(...full), TaskQueueFullError);
    const wrong = [task(work), task(sendEmail, undefined as never)];
    assertThrows(() => tasks.addGroup(...wrong), TypeError, "argument 1");
    assertEquals(tasks.size, 0);
  });
  await runner.drain();
  assertEquals([names(), events], [[], []]);
});

test("BackgroundTasks.with() refuses the options of durable tasks for other tasks", async () => {
  await handle(new TaskRunner(), (tasks) => {
    for (const options of [{ delay: 5 }, { idempotencyKey: "1" }]) {
      assertThrows(
        () => tasks.with(options).addTask(function plain() {}),
        TypeError,
        `Cannot use ${
          Object.keys(options)[0]
        } for task "plain": it runs in this process`,
      );
    }
    assertThrows(() => tasks.with({ delay: -1 }), RangeError);
    assertThrows(() => tasks.with({ idempotencyKey: "" }), RangeError);
  });
});

test("defineTask() checks the queue, and the arguments of a durable task that is called directly", async () => {
  const { queue } = record();
  assertThrows(
    () => defineTask("x", { queue: {} as TaskQueue }, () => {}),
    TypeError,
    "Cannot use queue an object: write bullmq({ connection })",
  );
  const seen: unknown[] = [];
  const store = defineTask("store", { queue }, (_, value: string) => {
    seen.push(value);
  });
  await store("text");
  await assertRejects(() => store(new Date(0) as unknown as string), TypeError);
  assertEquals(seen, ["text"]);
  // @ts-expect-error: a Date is not JSON
  defineTask("bad", { queue }, (_, _at: Date) => {});
  // @ts-expect-error: nor is one further in
  defineTask("bad", { queue }, (_, _o: { list: { at: Date }[] }) => {});
  // @ts-expect-error: nor is a Map
  defineTask("bad", { queue }, (_, _map: Map<string, string>) => {});
  // @ts-expect-error: nor is a bigint
  defineTask("bad", { queue }, (_, _id: bigint) => {});
  interface Order {
    readonly id: number;
    readonly lines?: readonly { readonly sku: string }[];
    readonly note: string | null;
  }
  const optional = defineTask(
    "optional",
    { queue },
    (_, _order: Order, _note?: string, ..._rest: number[]) => {},
  );
  await optional({ id: 1, note: null });
  await optional({ id: 1, note: "x", lines: [{ sku: "a" }] }, "note", 1, 2);
  const anything = defineTask("any", { queue }, (_, _value: unknown) => {});
  // @ts-expect-error: nothing is known about an unknown, so nothing can be passed
  await assertRejects(() => anything(new Date()), TypeError);
  const inProcess = defineTask("date", { timeout: 1 }, (_, _at: Date) => {});
  await inProcess(new Date());
});

test("A response that an engine's refusal takes the place of: a stream is let go, a constant is left", async () => {
  const queue = memoryQueue();
  queue.enqueue = () => Promise.reject(new Error("engine is down"));
  const durable = defineTask("durable", { queue }, () => {});
  const reasons: unknown[] = [];
  const stream = new ReadableStream({
    cancel: (reason) => void reasons.push(reason),
  });
  const constant = new Response("ok");
  for (const response of [constant, new Response(stream)]) {
    const fetch = withBackgroundTasks((_, tasks) => {
      tasks.addTask(durable);
      return response;
    });
    await assertRejects(
      () => fetch(new Request("https://example.com/")),
      TaskEnqueueError,
    );
  }
  assertEquals(await constant.text(), "ok");
  assertEquals(reasons.length, 1);
});

test("a refusal of all that a request hands over is certain where it is certain", async () => {
  const { queue, runner, sendEmail } = record();
  queue.refuse("not-queued");
  const error = await assertRejects(
    () => handle(runner, (tasks) => void tasks.addTask(sendEmail, "ada")),
    TaskEnqueueError,
  );
  assertEquals(error.outcome, "not-queued");
  assertMatch(error.message, /the test refuses it/);
});

test("a durable task was added when its message says, however long the handler had worked", async () => {
  const queue = memoryQueue();
  const task = defineTask("send", { queue }, () => {});
  const added: [string, number][] = [];
  const onEnd = ({ name, addedAt }: TaskRun): void =>
    void added.push([name, addedAt]);
  const runner = new TaskRunner({ observers: [{ onEnd }] });
  await handle(runner, (tasks) => {
    tasks.addTask(function first() {}); // the turn has its time from here on
    const end = performance.now() + 20;
    for (let i = 0; performance.now() < end && i < 1e8; i++); // the clock of a Worker stands still
    tasks.addTask(task);
  });
  const addedAt = queue.messages[0]?.addedAt;
  assertEquals(added.find(([name]) => name === "send"), ["send", addedAt]);
});
