import { assertEquals } from "@std/assert";
import { defineTask, withBackgroundTasks } from "@postlude/background-tasks";
import {
  TestClient,
  type TestClientOptions,
  VirtualClock,
} from "@postlude/background-tasks/testing";
import { withFakeTimers } from "../harness/fake_timers.ts";
import { test } from "../harness/test.ts";

/** How a task ends whose first attempt never does, and how many attempts it had. */
async function outcome(
  options: TestClientOptions,
  attempt: (number: number) => unknown,
): Promise<unknown[]> {
  const policy = { timeout: 30, retry: { attempts: 2, delay: 1_000 } };
  const flaky = defineTask("flaky", policy, (c) => attempt(c.attempt));
  const app = withBackgroundTasks((_request, tasks) => {
    tasks.addTask(flaky);
    return new Response("ok");
  });
  const client = new TestClient(app, options);
  await client.get("/");
  await client.tasks.runAll();
  return client.tasks.added.map(({ status, attempts }) => [status, attempts]);
}

for (const tasks of ["run", "record", "manual"] as const) {
  test(`TestClient({ tasks: "${tasks}" }) waits for no timer that a test runner replaced`, () =>
    withFakeTimers(async () => {
      const failing = (number: number): void => {
        if (number === 1) throw new Error("not yet");
      };
      assertEquals(await outcome({ tasks }, failing), [["succeeded", 2]]);
    }));
}

test("TestClient({ clock }) moves its clock under the fake timers of a test runner", () =>
  withFakeTimers(async () => {
    const clock = new VirtualClock();
    const hanging = (number: number): unknown =>
      number === 1 ? new Promise(() => {}) : undefined;
    assertEquals(await outcome({ clock }, hanging), [["succeeded", 2]]);
  }));

test("TestClient() lets a timeout pass when the test moves its fake timers", () =>
  withFakeTimers(async (advance) => {
    const hanging = (number: number): unknown => {
      if (number > 1) return;
      queueTurn(() => advance(30));
      return new Promise(() => {});
    };
    assertEquals(await outcome({}, hanging), [["succeeded", 2]]);
  }));

/** Calls back when the timeout of an attempt that starts now is set. */
function queueTurn(callback: () => void): void {
  void Promise.resolve().then(callback);
}
