import { assertEquals, assertRejects } from "@std/assert";
import {
  BackgroundTasks,
  task,
  type TaskObserver,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { until } from "../harness/until.ts";
import { openRequest } from "../harness/open_request.ts";
import { test } from "../harness/test.ts";

test("BackgroundTasks.run() of nothing leaves a queue that runs what is added later", async () => {
  for (const cancelled of [false, true]) {
    const runner = new TaskRunner();
    const tasks = new BackgroundTasks({ runner });
    if (cancelled) tasks.addTask(() => {}).cancel();
    await tasks.run();
    const events: string[] = [];
    tasks.addTask(() => void events.push("late"));
    await runner.drain();
    assertEquals(events, ["late"]);
  }
});

test("BackgroundTasks.run() a second time rejects, and spoils nothing of the first", async () => {
  const tasks = new BackgroundTasks({ runner: new TaskRunner() });
  tasks.addTask(() => {});
  tasks.addTask(() => {});
  const first = tasks.run();
  await assertRejects(() => tasks.run(), TypeError, "Cannot run tasks");
  assertEquals(await first, { finished: 2, failed: 0, abandoned: [] });
});

/** A promise that works when it is asked, as a query builder does. */
function lazy(): { then(ok: () => void): void; asked: number } {
  return {
    asked: 0,
    then(ok) {
      this.asked++;
      ok();
    },
  };
}

test("BackgroundTasks.waitUntil() asks a promise once, with a front door and without", async () => {
  const [own, doors] = [lazy(), lazy()];
  const tasks = new BackgroundTasks({ runner: new TaskRunner() });
  tasks.waitUntil(own as never);
  await tasks.run();
  const { tasks: others, respond } = openRequest({ runner: new TaskRunner() });
  others.waitUntil(doors as never);
  await respond();
  await until(() => others.size === 0);
  assertEquals([own.asked, doors.asked], [1, 1]);
});

test("BackgroundTasks.addTask(), addGroup(), waitUntil() and fail() can be handed on alone", async () => {
  const events: string[] = [];
  const step = (name: string) => void events.push(name);
  const { tasks, respond } = openRequest({ runner: new TaskRunner() });
  for (const adder of [tasks, tasks.with({ runOn: "always" })]) {
    const { addTask, addGroup, waitUntil } = adder;
    addTask(step, "task");
    addGroup(task(step, "group"));
    waitUntil(Promise.resolve());
  }
  assertEquals(tasks.size, 6);
  const { fail } = tasks;
  fail(new Error("a framework caught it"));
  await respond();
  await until(() => tasks.size === 0);
  assertEquals(events, ["task", "group"]); // of `runOn: "always"`
});

test("BackgroundTasks.waitUntil() of a promise whose `then` throws fails as a task does", async () => {
  const runner = new TaskRunner();
  const errors: unknown[] = [];
  const { tasks, respond } = openRequest({
    runner,
    onTaskError: (error) => errors.push(error),
  });
  tasks.waitUntil({
    then() {
      throw "no";
    },
  });
  await respond();
  await runner.drain();
  const { pending, failed } = runner.stats();
  assertEquals([errors, pending, failed], [["no"], 0, 1]);
});

test("an observer that cancels a task beside the one it is told of: each ends once", async () => {
  for (const early of [false, true]) {
    const ended: string[] = [];
    const group = ["one", "two"].map((name) =>
      task(Object.defineProperty(() => {}, "name", { value: name }))
    );
    const observer: TaskObserver = {
      onAdd: ({ name }) => name === "one" && group[1]!.cancel(),
      onEnd: ({ name, status }) => ended.push(`${name} ${status}`),
    };
    const runner = new TaskRunner({ observers: [observer] });
    if (early) {
      const tasks = new BackgroundTasks({ runner });
      tasks.addGroup(...group);
      await tasks.run();
    } else {
      const { tasks, respond } = openRequest({ runner });
      tasks.addGroup(...group);
      await respond();
    }
    await runner.drain();
    assertEquals(ended, ["two cancelled", "one succeeded"]);
    assertEquals(runner.stats().pending, 0);
  }
});

test("a group whose tasks were all cancelled before is no step: the order stays", async () => {
  const tasks = new BackgroundTasks({ runner: new TaskRunner() });
  const events: string[] = [];
  tasks.addTask(async () => {
    events.push("a starts");
    await Promise.resolve();
    events.push("a ends");
  });
  const cancelled = task(() => {});
  cancelled.cancel();
  tasks.addGroup(cancelled);
  tasks.addGroup();
  tasks.addTask(() => void events.push("b"));
  await tasks.run();
  assertEquals(events, ["a starts", "a ends", "b"]);
});

test("a response that cannot be looked at leaves no request open, and no task waiting", async () => {
  const runner = new TaskRunner();
  const fetch = withBackgroundTasks((_request, tasks) => {
    tasks.with({ runOn: "always" }).addTask(() => {});
    return new Proxy(new Response("ok"), {
      get() {
        throw new Error("no getter");
      },
    });
  }, { runner });
  await assertRejects(() => fetch(new Request("https://example.com/")));
  assertEquals((await runner.drain()).finished, 1);
});
