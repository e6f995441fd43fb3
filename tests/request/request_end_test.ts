import { assertEquals, assertThrows } from "@std/assert";
import { drain, withBackgroundTasks } from "@postlude/background-tasks";
import { isFailure } from "../../src/request/failure.ts";
import { runOnRefusal } from "../../src/request/request_end.ts";
import { processWork } from "../../src/runner/process_work.ts";
import { BackgroundTask } from "../../src/task/task.ts";
import type { RunOn } from "../../src/task/policy.ts";
import { test } from "../harness/test.ts";

const response = { status: 200, outcome: "sent" } as const;
const returned = { failure: undefined, response };
const failed = { failure: { cause: new Error("no") }, response };

function task(addedAfterFailure = false): BackgroundTask {
  const task = new BackgroundTask(function mail() {}, []);
  if (addedAfterFailure) task.detail.addedAfterFailure = true;
  return task;
}

test("runOnRefusal() refuses by what became of the handler, and says why", () => {
  const cases: [RunOn | undefined, boolean, boolean][] = [
    [undefined, true, false],
    ["success", true, false],
    ["failure", false, true],
    ["always", true, true],
    [(outcome) => outcome === "failure", false, true],
  ];
  for (const [runOn, afterSuccess, afterFailure] of cases) {
    assertEquals(
      runOnRefusal(task(), runOn, returned) === undefined,
      afterSuccess,
    );
    assertEquals(
      runOnRefusal(task(), runOn, failed) === undefined,
      afterFailure,
    );
  }
  const reason = runOnRefusal(task(), "success", failed);
  assertEquals(
    reason?.message,
    'Task "mail" was discarded: the handler failed and its runOn is "success"',
  );
  assertEquals(reason?.cause, failed.failure.cause);
});

test("runOnRefusal() lets run what an error handler added", () => {
  assertEquals(runOnRefusal(task(true), undefined, failed), undefined);
  assertEquals(runOnRefusal(task(true), "failure", failed), undefined);
});

test("runOnRefusal() gives a predicate the outcome and the response, and refuses a promise", () => {
  const seen: unknown[] = [];
  runOnRefusal(task(), (...args) => seen.push(args) > 0, returned);
  assertEquals(seen, [["success", response]]);
  const late = (() => Promise.resolve(true)) as unknown as RunOn;
  assertThrows(() => runOnRefusal(task(), late, returned), TypeError, "runOn");
});

test("isFailure() takes only an answer of HTTP that is no error for none", () => {
  const given = [{ status: 302 }, { statusCode: 204 }, { status: 99 }]
    .concat([{ status: 0 }, { status: 400 }, { statusCode: 503 }] as never);
  assertEquals(given.map(isFailure), [false, false, true, true, true, true]);
});

test("a handler that throws what nobody can look at fails with that, also while the process ends", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const events: string[] = [];
  const fetch = withBackgroundTasks((_request, tasks) => {
    tasks.with({ runOn: "failure" }).addTask(() => void events.push("told"));
    throw proxy;
  });
  processWork.isEnding = true;
  try {
    const isThrown = await Promise.resolve()
      .then(() => fetch(new Request("https://example.com/")))
      .then(() => false, (error) => error === proxy);
    assertEquals(isThrown, true);
  } finally {
    processWork.isEnding = false;
  }
  await drain();
  assertEquals(events, ["told"]);
});
