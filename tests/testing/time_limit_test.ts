import { assertEquals, assertRejects } from "@std/assert";
import {
  type BackgroundTasks,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import {
  TestClient,
  type TestClientOptions,
  type TestExecutionContext,
  VirtualClock,
} from "@postlude/background-tasks/testing";
import { withFakeTimers } from "../harness/fake_timers.ts";
import { gate } from "../harness/gate.ts";
import { test } from "../harness/test.ts";

/** Milliseconds: long enough for a busy machine to come to what hangs. */
const LIMIT = 500;

const AFTER = ` after ${LIMIT} ms`;
const REST = `; write timeLimit: ${LIMIT * 10} where it takes longer`;

/** A client of an app that adds tasks, which never waits long. */
function clientOf(
  add: (tasks: BackgroundTasks) => void,
  options: TestClientOptions = {},
): TestClient {
  const app = withBackgroundTasks((_request, tasks) => {
    add(tasks);
    return new Response("ok");
  });
  return new TestClient(app, { timeLimit: LIMIT, ...options });
}

async function messageOf(call: () => Promise<unknown>): Promise<string> {
  return (await assertRejects(call, Error)).message;
}

test("TestClient({ timeLimit }) fails by name where a task never settles", async () => {
  const { opened, open } = gate();
  const client = clientOf((tasks) => {
    tasks.addTask(function early() {});
    tasks.addTask(function sendEmail() {
      return opened;
    });
    tasks.addTask(function audit() {});
  });
  assertEquals(
    await messageOf(() => client.post("/signup?a=b")),
    `Cannot finish POST /signup: task "sendEmail" has not ended${AFTER}, nor has 1 behind it${REST}`,
  );
  open();
});

test("TestClient({ timeLimit }) names every task that hangs, also under fake timers and on a clock", async () => {
  const { opened, open } = gate();
  const hang = (): Promise<void> => opened;
  const add = (tasks: BackgroundTasks): void => {
    tasks.with({ name: "hang" }).addTask(hang);
  };
  const expected =
    `Cannot finish GET /: task "hang" has not ended${AFTER}${REST}`;
  assertEquals(await messageOf(() => clientOf(add).get("/")), expected);
  const clock = new VirtualClock();
  const onClock = clientOf(add, { clock });
  assertEquals(await messageOf(() => onClock.get("/")), expected);
  await withFakeTimers(async () => {
    assertEquals(await messageOf(() => clientOf(add).get("/")), expected);
  });
  open();
});

test("TestClient({ timeLimit }) says what else a request waits for", async () => {
  const { opened, open } = gate();
  const limited = (
    fetch: (
      request: Request,
      env: unknown,
      ctx: TestExecutionContext,
    ) => Response | Promise<Response>,
  ): Promise<string> =>
    messageOf(() => new TestClient(fetch, { timeLimit: LIMIT }).get("/a"));
  assertEquals(
    await limited(() => opened.then(() => new Response())),
    `Cannot finish GET /a: its handler has not answered${AFTER}${REST}`,
  );
  assertEquals(
    await limited(() => new Response(new ReadableStream())),
    `Cannot finish GET /a: its body has not ended${AFTER}, nor has a signal left it${REST}`,
  );
  assertEquals(
    await limited((_request, _env, ctx) => {
      ctx.waitUntil(opened);
      return new Response("ok");
    }),
    `Cannot finish GET /a: a promise that it handed to waitUntil has not settled${AFTER}${REST}`,
  );
  open();
});

test("TestClient({ timeLimit }) ends a body that gives bytes without ever waiting", async () => {
  const { opened, open } = gate();
  const client = new TestClient(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(1)),
        cancel: open,
      }),
    ), { timeLimit: LIMIT });
  assertEquals(
    await messageOf(() => client.get("/events")),
    `Cannot finish GET /events: its body has not ended${AFTER}, nor has a signal left it${REST}`,
  );
  await opened; // nobody goes on reading
  const visitor = new AbortController();
  setTimeout(() => visitor.abort(), 1);
  await client.get("/events", { signal: visitor.signal });
});

test("TestClient({ timeLimit }) names a task that waits for a place in the runner", async () => {
  const { opened, open } = gate();
  const runner = new TaskRunner({ concurrency: 1 });
  const app = withBackgroundTasks((request, tasks) => {
    const name = new URL(request.url).pathname;
    tasks.with({ name }).addTask(() => opened);
    tasks.addTask(() => {});
    return new Response("ok");
  }, { runner });
  const client = new TestClient(app, { timeLimit: LIMIT });
  const first = client.get("/first").catch(() => {}); // its limit is reached too
  assertEquals(
    await messageOf(() => client.get("/second")),
    `Cannot finish GET /second: task "/second" and task "anonymous" have not ended${AFTER}${REST}`,
  );
  open();
  await first;
});

test("TestTasks.runNext() and runAll() fail by name where a task never settles", async () => {
  const { opened, open } = gate();
  const client = clientOf((tasks) => {
    tasks.addTask(function first() {
      return opened;
    });
    tasks.addTask(function second() {});
    tasks.addTask(function third() {});
  }, { tasks: "record" });
  await client.get("/");
  const message =
    `Cannot run the tasks: task "first" has not ended${AFTER}, nor have 2 behind it${REST}`;
  assertEquals(await messageOf(() => client.tasks.runNext()), message);
  assertEquals(await messageOf(() => client.tasks.runAll()), message);
  open();
  assertEquals(client.tasks.added.length, 3);
});

for (const tasks of ["run", "record"] as const) {
  test(`TestClient({ timeLimit, tasks: "${tasks}" }) stops moving the clock once it is reached`, async () => {
    const clock = new VirtualClock();
    const { opened, open } = gate();
    const client = clientOf((tasks) => {
      tasks.addTask(function polls() {
        const again = (): void => void clock.setTimeout(again, 10);
        again();
        return opened;
      });
    }, { clock, tasks });
    await messageOf(() => client.get("/").then(() => client.tasks.runAll()));
    for (let i = 0; i < 50; i++) await new Promise((go) => setTimeout(go));
    const stopped = clock.now(); // what was under way has happened
    for (let i = 0; i < 50; i++) await new Promise((go) => setTimeout(go));
    assertEquals(clock.now(), stopped);
    open();
  });
}

test("TestClient({ timeLimit: Infinity }) has no limit, and wrong ones are refused", async () => {
  const rest = (): Promise<void> =>
    // far longer than a timer of no time
    new Promise((resolve) => setTimeout(resolve, 50));
  const client = clientOf((tasks) => void tasks.addTask(rest), {
    timeLimit: Infinity,
  });
  assertEquals((await client.get("/")).status, 200);
  for (const timeLimit of [0, -1, NaN]) {
    const { message } = await assertRejects(
      () => Promise.resolve().then(() => clientOf(() => {}, { timeLimit })),
      RangeError,
    );
    assertEquals(
      message,
      `Cannot use timeLimit ${timeLimit}: it must be a number of milliseconds above 0, or Infinity`,
    );
  }
});
