import { assertEquals, assertThrows } from "@std/assert";
import { mayRun, runOnRefusal } from "../../src/request/may_run.ts";
import type { RunOn } from "../../src/task/policy.ts";
import { BackgroundTask } from "../../src/task/task.ts";
import { consoleLines } from "../harness/console_lines.ts";
import { test } from "../harness/test.ts";

const response = { status: 200, outcome: "sent" } as const;
const returned = { failure: undefined, response, isWatched: true };
const thrown = { ...returned, failure: { cause: new Error("no") } };

function task(name: string, group?: object): BackgroundTask {
  const task = new BackgroundTask(() => {}, []);
  task.detail.options = { name };
  if (group !== undefined) task.detail.group = group;
  return task;
}

function afterFailure(): BackgroundTask {
  const added = task("mail");
  added.detail.addedAfterFailure = true;
  return added;
}

test("mayRun() ends a task that may not run: discarded, or failed by its predicate", () => {
  const boom = (): boolean => {
    throw new Error("boom");
  };
  const cases: [RunOn | undefined, boolean, string][] = [
    [undefined, true, "waiting"],
    ["failure", false, "discarded"],
    [() => false, false, "discarded"],
    [boom, false, "failed"],
  ];
  for (const [runOn, runs, state] of cases) {
    const one = task("one");
    assertEquals(mayRun(one, runOn, returned, undefined), runs);
    assertEquals(one.state, state);
  }
});

test("only a predicate asks for the response: on Bun that makes a signal, which costs as much as a task", () => {
  let asked = 0;
  const end = {
    failure: undefined,
    get response() {
      asked++;
      return response;
    },
  };
  for (const runOn of ["success", "always", "failure"] as const) {
    runOnRefusal(task("mail"), runOn, end);
  }
  assertEquals(asked, 0);
  runOnRefusal(task("mail"), (_, { status }) => status === 200, end);
  assertEquals(asked, 1);
});

test("mayRun() discards what comes after the task that failed, but for its own group", () => {
  const group = {};
  const by = task("by", group);
  by.end("failed", new Error("no"));
  const cases: [BackgroundTask, boolean][] = [
    [task("later"), false],
    [task("of another group", {}), false],
    [task("beside", group), true],
  ];
  for (const [one, runs] of cases) {
    assertEquals(mayRun(one, undefined, returned, by), runs, one.name);
  }
});

test("mayRun() warns of each name once, and where nobody observes", async () => {
  const unwatched = { ...thrown, isWatched: false };
  const lines = await consoleLines("warn", () => {
    mayRun(task("lost"), undefined, unwatched, undefined);
    mayRun(task("lost"), undefined, unwatched, undefined);
    mayRun(task("seen"), undefined, thrown, undefined);
  });
  assertEquals(lines, [
    'Task "lost" was discarded: the handler failed and its runOn is "success" (this is said once)',
  ]);
});

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
      runOnRefusal(task("mail"), runOn, returned) === undefined,
      afterSuccess,
    );
    assertEquals(
      runOnRefusal(task("mail"), runOn, thrown) === undefined,
      afterFailure,
    );
  }
  const reason = runOnRefusal(task("mail"), "success", thrown);
  assertEquals(
    reason?.message,
    'Task "mail" was discarded: the handler failed and its runOn is "success"',
  );
  assertEquals(reason?.cause, thrown.failure.cause);
});

test("runOnRefusal() lets run what an error handler added", () => {
  assertEquals(runOnRefusal(afterFailure(), undefined, thrown), undefined);
  assertEquals(runOnRefusal(afterFailure(), "failure", thrown), undefined);
});

test("runOnRefusal() gives a predicate the outcome and the response, and refuses a promise", () => {
  const seen: unknown[] = [];
  runOnRefusal(task("mail"), (...args) => seen.push(args) > 0, returned);
  assertEquals(seen, [["success", response]]);
  const late = (() => Promise.resolve(true)) as unknown as RunOn;
  assertThrows(
    () => runOnRefusal(task("mail"), late, returned),
    TypeError,
    "runOn",
  );
});
