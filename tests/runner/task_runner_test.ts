import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  BackgroundTasks,
  backgroundTasks,
  BackgroundTasksClosedError,
  type BackgroundTasksEnv,
  task,
  TaskQueueFullError,
  TaskRunner,
} from "@postlude/background-tasks";
import { Hono } from "hono";
import { endedRequest } from "../harness/ended_request.ts";
import { gate } from "../harness/gate.ts";
import { until } from "../harness/until.ts";
import { openRequest } from "../harness/open_request.ts";
import { test } from "../harness/test.ts";
import { heavy, testUnless } from "../harness/left_out.ts";

test("concurrency lets queues start in order, and no more than that many at once", async () => {
  const runner = new TaskRunner({ concurrency: 2 });
  const events: string[] = [];
  const gates = [0, 1, 2, 3].map(gate);
  for (const [index, { opened }] of gates.entries()) {
    endedRequest(runner, (tasks) => {
      tasks.addTask(() => {
        events.push(`${index} starts`);
        return opened;
      });
      tasks.addTask(() => void events.push(`${index} ends`));
    });
  }
  await until(() => events.length === 2);
  assertEquals(runner.stats().running, 2);
  gates[1]!.open();
  await until(() => events.length === 4);
  gates[2]!.open();
  await until(() => events.length === 6);
  gates[0]!.open();
  gates[3]!.open();
  await runner.drain();
  assertEquals(events.slice(0, 6), [
    "0 starts",
    "1 starts",
    "1 ends",
    "2 starts",
    "2 ends",
    "3 starts",
  ]);
  assertEquals(events.slice(6).sort(), ["0 ends", "3 ends"]);
});

test("concurrency gives a place on when the tasks fail, time out or are cancelled", async () => {
  const runner = new TaskRunner({ concurrency: 1 });
  const events: string[] = [];
  const last = gate();
  const add = (fill: (tasks: BackgroundTasks) => void): void =>
    endedRequest(runner, fill);
  add((tasks) => tasks.addTask(() => Promise.reject("no")));
  add((tasks) =>
    tasks.with({ timeout: 1 }).addTask(() => new Promise(() => {}))
  );
  add((tasks) => tasks.addTask(() => {}).cancel());
  add((tasks) => {
    const running = tasks.addTask(() => {
      running.cancel();
      return new Promise(() => {});
    });
  });
  add((tasks) => tasks.addTask(() => void events.push("runs")));
  add((tasks) => tasks.addTask(last.open));
  await last.opened;
  await runner.drain();
  assertEquals(events, ["runs"]);
  assertEquals(runner.stats().pending, 0);
});

test(
  "concurrency gets past any number of queues with nothing left to run",
  async () => {
    const runner = new TaskRunner({ concurrency: 1 });
    const first = gate();
    endedRequest(runner, (tasks) => tasks.addTask(() => first.opened));
    await until(() => runner.stats().running === 1);
    const cancelled = Array.from({ length: 9_000 }, () => {
      // without the timer of a deadline: workerd lets this test have 10,000 timers
      const tasks = new BackgroundTasks({ runner, deadline: Infinity });
      const added = tasks.addTask(() => {});
      tasks.runAfter(new Response(null));
      return added;
    });
    const later = new TaskRunner();
    endedRequest(later, (tasks) => tasks.addTask(() => {}));
    await later.drain(); // its response ended after theirs: they wait for the place
    for (const added of cancelled) added.cancel();
    const events: string[] = [];
    endedRequest(
      runner,
      (tasks) => tasks.addTask(() => void events.push("last")),
    );
    first.open();
    await runner.drain();
    assertEquals(events, ["last"]);
  },
);

test("maxPending makes addTask() throw, and a runner that was full recovers", async () => {
  const runner = new TaskRunner({ maxPending: 2 });
  const first = gate();
  const { tasks, respond } = openRequest({ runner });
  tasks.addTask(() => first.opened);
  tasks.addTask(() => {});
  const error = assertThrows(
    () => tasks.addTask(function refused() {}),
    TaskQueueFullError,
    'Cannot add task "refused"',
  );
  assertEquals([error.task, error.maxPending], ["refused", 2]);
  assertEquals([tasks.size, runner.stats().pending], [2, 2]);
  await respond();
  first.open();
  await runner.drain();
  const events: string[] = [];
  endedRequest(runner, (tasks) => {
    tasks.addTask(() => void events.push("one"));
    tasks.addTask(() => void events.push("two"));
  });
  await runner.drain();
  assertEquals(events, ["one", "two"]);
});

test("maxPending takes a group as a whole or not at all, and the same tasks can be added again", async () => {
  const runner = new TaskRunner({ maxPending: 3 });
  const { tasks, respond } = openRequest({ runner });
  const events: string[] = [];
  const record = (name: string): void => void events.push(name);
  const filler = tasks.addTask(record, "filler");
  const group = ["a", "b", "c"].map((name) => task(record, name));
  assertThrows(() => tasks.addGroup(...group), TaskQueueFullError);
  assertEquals([tasks.size, runner.stats().pending], [1, 1]);
  filler.cancel();
  tasks.addGroup(...group);
  await respond();
  await runner.drain();
  assertEquals(events, ["a", "b", "c"]);
});

const bound =
  "maxPending bounds 100,000 tasks that are pending at once, and all of them run";
testUnless(heavy, bound, async () => {
  const runner = new TaskRunner({ maxPending: 100_000 });
  const queues = Array.from({ length: 100 }, () => {
    const request = openRequest({ runner });
    for (let i = 0; i < 1_000; i++) request.tasks.addTask(() => {});
    return request;
  });
  assertThrows(() => queues[0]!.tasks.addTask(() => {}), TaskQueueFullError);
  assertEquals(runner.stats().pending, 100_000);
  await Promise.all(queues.map(({ respond }) => respond()));
  assertEquals((await runner.drain()).finished, 100_000);
});

test("maxPending gives the place of a cancelled task back at once", () => {
  const runner = new TaskRunner({ maxPending: 1 });
  const { tasks } = openRequest({ runner });
  for (let i = 0; i < 10; i++) tasks.addTask(() => {}).cancel();
  assertEquals(runner.stats().pending, 0);
});

test("maxPending lets an app answer 503, and nothing of the refused request is kept", async () => {
  const runner = new TaskRunner({ maxPending: 1 });
  const app = new Hono<BackgroundTasksEnv>();
  app.use(backgroundTasks({ runner }));
  app.onError((error, c) =>
    error instanceof TaskQueueFullError
      ? c.text("busy", 503, { "retry-after": "1" })
      : c.text("broken", 500)
  );
  const first = gate();
  app.post("/job", (c) => {
    c.var.backgroundTasks.addTask(() => first.opened);
    return c.text("queued", 202);
  });
  const post = async (): Promise<number> =>
    (await app.request("/job", { method: "POST" })).status;
  assertEquals([await post(), await post(), await post()], [202, 503, 503]);
  first.open();
  assertEquals((await runner.drain()).abandoned, []);
  assertEquals([await post(), runner.stats().succeeded], [202, 1]);
  await runner.drain();
});

test("TaskRunner.stats() tells what waits, what runs and what became of the rest", async () => {
  const runner = new TaskRunner();
  const figures = (): number[] => {
    const { pending, running, waiting, succeeded, failed } = runner.stats();
    return [pending, running, waiting, succeeded, failed];
  };
  assertEquals(figures(), [0, 0, 0, 0, 0]);
  assertEquals(runner.stats().platform, undefined);
  const [one, two] = [gate(), gate()];
  const { tasks, respond } = openRequest({
    runner,
    onTaskError: () => {},
    waitUntil: () => {},
  });
  tasks.addTask(() => one.opened);
  tasks.addGroup(
    task(() => two.opened.then(() => Promise.reject("no"))),
    task(() => two.opened),
  );
  tasks.addTask(() => {});
  assertEquals(figures(), [4, 0, 4, 0, 0]);
  await respond();
  await until(() => runner.stats().running === 1);
  assertEquals(figures(), [4, 1, 3, 0, 0]);
  assertEquals(runner.stats().platform, "option");
  one.open();
  await until(() => runner.stats().running === 2);
  assertEquals(figures(), [3, 2, 1, 1, 0]);
  two.open();
  await runner.drain();
  assertEquals(figures(), [0, 0, 0, 3, 1]);
});

test("TaskRunner.stats() in a hook counts a task that has ended as ended, and its place as free", async () => {
  const seen: unknown[] = [];
  const look = (where: string): void => {
    const { pending, running, succeeded, failed } = runner.stats();
    seen.push([where, pending, running, succeeded, failed]);
  };
  const runner = new TaskRunner({
    maxPending: 1,
    observers: [{ onEnd: ({ name }) => look(`end ${name}`) }],
  });
  const tasks = new BackgroundTasks({
    runner,
    onTaskError: () => {
      look("error");
      tasks.addTask(function alert() {});
    },
  });
  tasks.addTask(function fails() {
    throw new Error("no");
  });
  tasks.runAfter(new Response(null));
  assertEquals(await runner.drain(), { finished: 1, failed: 1, abandoned: [] });
  assertEquals(seen, [
    ["error", 0, 0, 0, 1],
    ["end fails", 1, 0, 0, 1],
    ["end alert", 0, 0, 1, 1],
  ]);
});

test("TaskRunner.close() refuses tasks, those of running tasks included, then drains", async () => {
  const runner = new TaskRunner();
  const [started, first] = [gate(), gate()];
  const tasks = new BackgroundTasks({ runner });
  const events: string[] = [];
  tasks.addTask(async () => {
    started.open();
    await first.opened;
    assertThrows(
      () => tasks.addTask(() => {}),
      BackgroundTasksClosedError,
      "the runner was closed",
    );
    events.push("refused");
  });
  tasks.addTask(() => void events.push("added before"));
  tasks.runAfter(new Response(null));
  await started.opened;
  const closed = runner.close();
  assertThrows(
    () => openRequest({ runner }).tasks.addTask(() => {}),
    BackgroundTasksClosedError,
  );
  assertThrows(
    () => endedRequest(runner, (tasks) => tasks.addTask(() => {})),
    BackgroundTasksClosedError,
  );
  first.open();
  assertEquals(await closed, { finished: 2, failed: 0, abandoned: [] });
  assertEquals(events, ["refused", "added before"]);
});

test("TaskRunner.close() with a wrong option leaves the runner open", async () => {
  const runner = new TaskRunner();
  await assertRejects(
    () => runner.close({ timeout: -1 }),
    RangeError,
    "timeout -1",
  );
  endedRequest(runner, (tasks) => tasks.addTask(() => {}));
  assertEquals((await runner.close()).finished, 1);
});

test("new TaskRunner() refuses wrong options, with the rule and the value", () => {
  const cases: [unknown, ErrorConstructor, string][] = [
    [null, TypeError, "runner options from null: write an object"],
    [
      { maxpending: 1 },
      TypeError,
      'runner option "maxpending": the runner options are concurrency, maxPending, observers',
    ],
    [{ concurrency: 0 }, RangeError, "concurrency 0: it must be an integer"],
    [{ concurrency: 1.5 }, RangeError, "concurrency 1.5"],
    [{ concurrency: NaN }, RangeError, "concurrency NaN"],
    [{ concurrency: "2" }, TypeError, 'concurrency "2": it must be an integer'],
    [{ maxPending: -1 }, RangeError, "maxPending -1"],
    [{ observers: {} }, TypeError, "observers an object: write an array"],
    [{ observers: [null] }, TypeError, "observer null: write an object"],
    [{ observers: [{ onEnd: 1 }] }, TypeError, "onEnd 1: write a function"],
  ];
  for (const [options, type, message] of cases) {
    assertThrows(() => new TaskRunner(options as never), type, message);
  }
});
