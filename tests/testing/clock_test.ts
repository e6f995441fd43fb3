import { assertEquals, assertRejects } from "@std/assert";
import {
  BackgroundTasks,
  defineTask,
  task,
  type TaskOptions,
  TaskTimeoutError,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import {
  TestClient,
  type TestClientOptions,
  VirtualClock,
} from "@postlude/background-tasks/testing";
import { gate } from "../harness/gate.ts";
import { test } from "../harness/test.ts";

/** A client whose one task has a policy. */
function clientOf(
  policy: Omit<TaskOptions, "name">,
  work: (context: { attempt: number; signal: AbortSignal }) => unknown,
  options: TestClientOptions,
): TestClient {
  const callWebhook = defineTask("call-webhook", policy, work);
  return new TestClient(
    withBackgroundTasks((_request, tasks) => {
      tasks.addTask(callWebhook);
      return new Response("ok");
    }, { onTaskError: () => {} }),
    options,
  );
}

/** What a timeout says where a client has a clock: real I/O brings it about too. */
const ON_CLOCK =
  "; its time is a VirtualClock, which the client moves when nothing else happens for a while: a task " +
  "that waits for real I/O needs a client without a clock, or a stub in place of the I/O";

const THREE = { attempts: 3, delay: 30_000, jitter: 0 };

/** An attempt that ends only when its signal aborts. */
function hang({ signal }: { signal: AbortSignal }): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason))
  );
}

test("TestClient({ clock }) lets the delays between attempts pass on the clock alone", async () => {
  const clock = new VirtualClock();
  const at: number[] = [];
  const client = clientOf({ retry: THREE }, ({ attempt }) => {
    at.push(clock.now());
    if (attempt < 3) throw new Error("not yet");
  }, { clock });
  await client.get("/");
  assertEquals(at, [0, 30_000, 90_000]);
  assertEquals(client.tasks.succeeded.map(({ attempts }) => attempts), [3]);
});

test("TestClient({ clock }) lets a timeout pass that nothing but the clock can end", async () => {
  const clock = new VirtualClock();
  const client = clientOf({ timeout: 5_000, retry: THREE }, hang, {
    clock,
    raiseTaskErrors: false,
  });
  await client.get("/");
  const [failed] = client.tasks.failed;
  assertEquals([failed?.status, failed?.attempts, clock.now()], [
    "timed-out",
    3,
    5_000 + 30_000 + 5_000 + 60_000 + 5_000,
  ]);
});

test("TestClient({ clock }) does not let a timeout pass while promises still settle", async () => {
  const clock = new VirtualClock();
  const client = clientOf({ timeout: 1 }, async () => {
    for (let steps = 0; steps < 1_000; steps++) await null;
  }, { clock });
  await client.get("/");
  assertEquals(clock.now(), 0);
});

test("TestClient({ clock }) does not let a timeout pass for a few turns of the event loop", async () => {
  const clock = new VirtualClock();
  const client = clientOf({ timeout: 1 }, async () => {
    for (let turns = 0; turns < 3; turns++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }, { clock });
  await client.get("/");
  assertEquals(clock.now(), 0);
});

test("TestClient({ clock }) leaves the clock to the test while the tasks are held back", async () => {
  const clock = new VirtualClock();
  const client = clientOf({ timeout: 5_000 }, hang, { clock, tasks: "manual" });
  await client.get("/");
  await clock.advance(60_000);
  assertEquals(client.tasks.waiting.length, 1);
  const error = await assertRejects(() => client.tasks.runNext(), Error);
  assertEquals(
    error.message,
    'Cannot finish task "call-webhook": it timed out with TaskTimeoutError: Cannot finish task ' +
      '"call-webhook": the attempt took longer than its timeout of 5000 ms' +
      ON_CLOCK + "; write " +
      "raiseTaskErrors: false to look at it in client.tasks.failed",
  );
  assertEquals(error.cause instanceof TaskTimeoutError, true);
  assertEquals(clock.now(), 65_000);
});

test("TestClient({ clock }) lets the app's own deadline pass, and no platform's", async () => {
  const flaky = defineTask("flaky", { retry: THREE }, ({ attempt }) => {
    if (attempt < 3) throw new Error("not yet");
  });
  const statusAndTime = async (
    options: { deadline?: number },
  ): Promise<[string | undefined, number]> => {
    const clock = new VirtualClock();
    const client = new TestClient(
      withBackgroundTasks((_request, tasks) => {
        tasks.addTask(flaky);
        return new Response("ok");
      }, { ...options, onTaskError: () => {} }),
      { clock, raiseTaskErrors: false },
    );
    await client.get("/");
    return [client.tasks.added[0]?.status, clock.now()];
  };
  assertEquals(await statusAndTime({}), ["succeeded", 90_000]);
  assertEquals(await statusAndTime({ deadline: 60_000 }), ["expired", 59_500]);
});

test("TestClient({ clock }) fails the test where a task expires, and lists it among the failed", async () => {
  const app = withBackgroundTasks((_request, tasks) => {
    tasks.addTask(function slow() {
      return new Promise(() => {});
    });
    tasks.addTask(function behind() {});
    return new Response("ok");
  }, { deadline: 10_000, onTaskError: () => {} });
  const client = new TestClient(app, { clock: new VirtualClock() });
  const error = await assertRejects(() => client.get("/"), Error);
  assertEquals(
    error.message,
    'Cannot finish task "slow": it expired with TimeoutError: Cannot go on: the platform ends the ' +
      'work of this request at 1970-01-01T00:00:10.000Z, and task "behind" failed too' +
      ON_CLOCK + "; write " +
      "raiseTaskErrors: false to look at it in client.tasks.failed",
  );
  assertEquals(
    client.tasks.failed.map(({ name, status }) => `${name} ${status}`),
    ["slow expired", "behind expired"],
  );
});

test("TestClient() leaves out the delays between attempts, and keeps timeouts", async () => {
  const client = clientOf(
    { timeout: 20, retry: { ...THREE, delay: 2 ** 30, maxDelay: 2 ** 30 } },
    (context) => context.attempt === 1 ? hang(context) : undefined,
    {},
  );
  await client.get("/");
  assertEquals(client.tasks.succeeded.map(({ attempts }) => attempts), [2]);
});

test("TestClient() leaves out a delay while another task of the group still runs", async () => {
  const finished = gate();
  const flaky = defineTask(
    "flaky",
    { retry: { attempts: 2, delay: 2 ** 30, maxDelay: 2 ** 30 } },
    ({ attempt }) => {
      if (attempt === 1) throw new Error("not yet");
      finished.open();
    },
  );
  const client = new TestClient((request: Request) => {
    const tasks = new BackgroundTasks();
    tasks.addGroup(task(flaky), task(() => finished.opened));
    return tasks.runAfter(new Response("ok"), { request });
  });
  await client.get("/");
  assertEquals(client.tasks.succeeded.length, 2);
});
