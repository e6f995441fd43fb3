import { assertEquals } from "@std/assert";
import { mayRun, type TaskRequest } from "../../src/request/may_run.ts";
import type { RunOn } from "../../src/task/policy.ts";
import { BackgroundTask } from "../../src/task/task.ts";
import { consoleLines } from "../harness/console_lines.ts";
import { test } from "../harness/test.ts";

const response = { status: 200, outcome: "sent" } as const;
const returned: TaskRequest = { failure: undefined, response, isWatched: true };
const thrown = { ...returned, failure: { cause: new Error("no") } };

function task(name: string, group?: object): BackgroundTask {
  const task = new BackgroundTask(() => {}, []);
  task.detail.options = { name };
  if (group !== undefined) task.detail.group = group;
  return task;
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
