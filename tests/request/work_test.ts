import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  BackgroundTasks,
  task,
  TaskQueueFullError,
  type TaskRun,
  TaskRunner,
  withBackgroundTasks,
} from "@postlude/background-tasks";
import { consoleLines } from "../harness/console_lines.ts";
import { leftAfterGarbage, noGarbage } from "../harness/garbage.ts";
import { gate } from "../harness/gate.ts";
import { until } from "../harness/until.ts";
import { nothingShared, testUnless } from "../harness/left_out.ts";
import { openRequest } from "../harness/open_request.ts";
import { test } from "../harness/test.ts";
import { unobserved } from "../harness/unobserved.ts";
import { withGlobal } from "../harness/with_global.ts";

/** Burns CPU time. */
function burn(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

testUnless(
  nothingShared, // and a Worker's clock stands still while it computes
  "tasks that burn CPU let others have a turn of the event loop between them",
  async () => {
    const runner = new TaskRunner();
    const { tasks, respond } = openRequest({ runner });
    const events: string[] = [];
    for (let i = 0; i < 5; i++) {
      tasks.addTask(async () => {
        burn(8);
        await Promise.resolve();
        events.push("task");
        setTimeout(() => events.push("somebody else"), 0);
      });
    }
    await respond();
    await runner.drain();
    assert(events.slice(0, 6).includes("somebody else"), events.join());
  },
);

/** Ways in which the turns of many tasks come at once. */
const AT_ONCE: Record<string, (runner: TaskRunner, run: () => void) => void> = {
  "of a group": (runner, run) => {
    const tasks = new BackgroundTasks({ runner });
    tasks.addGroup(...Array.from({ length: 20 }, () => task(run)));
    tasks.runAfter(new Response(null));
  },
  "of many requests": (runner, run) => {
    for (let i = 0; i < 20; i++) {
      const tasks = new BackgroundTasks({ runner });
      tasks.addTask(run);
      tasks.runAfter(new Response(null));
    }
  },
};

for (const [whose, start] of Object.entries(AT_ONCE)) {
  testUnless(
    nothingShared,
    `tasks ${whose} that burn CPU let others have a turn of the event loop between them`,
    async () => {
      const runner = new TaskRunner();
      let somebodyElse = 0;
      const timer = setInterval(() => somebodyElse++, 0);
      start(runner, () => burn(6));
      await runner.drain();
      clearInterval(timer);
      assert(somebodyElse >= 10, `${somebodyElse} turns of somebody else`);
    },
  );
}

testUnless(
  nothingShared,
  "a task that adds itself until a flag is set does not freeze the process",
  async () => {
    const runner = new TaskRunner();
    const { tasks, respond } = openRequest({ runner });
    let isSet = false;
    const again = async (): Promise<void> => {
      await Promise.resolve();
      if (!isSet) tasks.addTask(again);
    };
    tasks.addTask(again);
    setTimeout(() => isSet = true, 20);
    await respond();
    await runner.drain();
    assertEquals(isSet, true);
  },
);

testUnless(
  nothingShared,
  "maxPending counts nothing that waits for a slow client: others are served",
  async () => {
    const runner = new TaskRunner({ maxPending: 2 });
    const closed: (() => void)[] = [];
    const slow = (): BackgroundTasks => {
      const tasks = new BackgroundTasks({ runner });
      tasks.addTask(() => {});
      const outgoing = {
        writableFinished: false,
        prependOnceListener: (event: string, listener: () => void) =>
          event === "close" && closed.push(listener),
      };
      tasks.runAfter(new Response(null), { platform: { outgoing } });
      return tasks;
    };
    for (let i = 0; i < 6; i++) {
      slow();
      await until(() => closed.length === i + 1);
      for (let turn = 0; turn < 3; turn++) {
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
    assertEquals(runner.stats().pending, 6);
    const innocent = openRequest({ runner });
    innocent.tasks.addTask(() => {});
    innocent.tasks.addTask(() => {});
    assertThrows(() => innocent.tasks.addTask(() => {}), TaskQueueFullError);
    await innocent.respond();
    for (const close of closed) close();
    assertEquals((await runner.drain()).finished, 8);
    assertEquals(runner.stats().pending, 0);
  },
);

test("BackgroundTasks.waitUntil() keeps a promise alive, counts it and drains it, beside the tasks", async () => {
  const runner = new TaskRunner();
  const kept: Promise<unknown>[] = [];
  const { tasks, respond } = openRequest({
    runner,
    waitUntil: (promise) => kept.push(promise),
  });
  const begun = gate();
  const { waitUntil } = tasks; // needs no receiver
  waitUntil(begun.opened);
  const events: string[] = [];
  tasks.addTask(() => void events.push("task"));
  assertEquals([kept.length, runner.stats().running, tasks.size], [1, 1, 2]);
  await respond();
  await until(() => events.length === 1); // it waits for no promise
  assertEquals(runner.stats().pending, 1);
  begun.open();
  assertEquals((await runner.drain()).abandoned, []);
  await kept[0];
  assertEquals(runner.stats().pending, 0);
});

test("BackgroundTasks.waitUntil() reports a rejection under a name, and it ends nothing", async () => {
  const runs: TaskRun[] = [];
  const { tasks, respond } = openRequest({
    runner: new TaskRunner(),
    onTaskError: (_error, run) => runs.push(run),
  });
  tasks.waitUntil(Promise.reject(new Error("no")));
  tasks.with({ name: "rate limit" }).waitUntil(Promise.reject("neither"));
  await respond();
  await until(() => runs.length === 2);
  assertEquals(runs.map(({ name }) => name), ["waitUntil", "rate limit"]);
  for (const wrong of [undefined, 1, () => {}]) {
    assertThrows(
      () => tasks.waitUntil(wrong as never),
      TypeError,
      "write waitUntil(promise)",
    );
  }
});

test("BackgroundTasks.run() settles when the tasks have ended, and tells what became of them", async () => {
  const tasks = new BackgroundTasks({
    runner: new TaskRunner(),
    onTaskError: () => {},
  });
  tasks.addTask(() => void tasks.addTask(() => Promise.reject("no")));
  tasks.waitUntil(Promise.resolve());
  const { finished, failed, abandoned } = await tasks.run();
  assertEquals([finished, failed, abandoned], [2, 1, []]);
  await assertRejects(() => tasks.run(), TypeError);
  assertEquals(await new BackgroundTasks().run(), {
    finished: 0,
    failed: 0,
    abandoned: [],
  });
});

test("a hook that never settles holds no place of concurrency", async () => {
  const runner = new TaskRunner({ concurrency: 1 });
  const events: string[] = [];
  const first = openRequest({
    runner,
    onTaskError: () => new Promise(() => {}),
  });
  first.tasks.addTask(() => Promise.reject("no"));
  await first.respond();
  const second = openRequest({ runner });
  second.tasks.addTask(() => void events.push("runs"));
  await second.respond();
  await until(() => events.length === 1);
  const report = await runner.drain({ signal: AbortSignal.abort() });
  assertEquals(report.abandoned.map(({ status }) => status), ["failed"]);
});

test("a task that was abandoned is reported once, though its hook has not settled", async () => {
  const runner = new TaskRunner({
    observers: [{ onEnd: () => new Promise(() => {}) }],
  });
  const { tasks, respond } = openRequest({ runner });
  tasks.addTask(() => new Promise(() => {}));
  await respond();
  const now = { signal: AbortSignal.abort() };
  const reports = [await runner.drain(now), await runner.drain(now)];
  assertEquals(reports.map(({ abandoned }) => abandoned.length), [1, 0]);
});

/** What leaves nothing to do, in the turn in which a task is added to a request that is over. */
const BEFORE_IT: Record<string, (tasks: BackgroundTasks) => void> = {
  "a task that is cancelled": (tasks) => tasks.addTask(() => {}).cancel(),
  "two tasks that are cancelled": (tasks) => {
    for (let i = 0; i < 2; i++) tasks.addTask(() => {}).cancel();
  },
  "a promise that has settled": (tasks) => tasks.waitUntil(Promise.resolve()),
};

for (const [what, comes] of Object.entries(BEFORE_IT)) {
  test(`a task behind ${what}, added when all had ended, takes one place of concurrency`, async () => {
    const runner = new TaskRunner({ concurrency: 1 });
    const first = openRequest({ runner });
    first.tasks.addTask(() => {});
    await first.respond();
    await runner.drain();

    const events: string[] = [];
    comes(first.tasks);
    await Promise.resolve().then(() => {}).then(() => {}); // a promise that has settled has ended
    first.tasks.addTask(() => void events.push("first"));
    const second = openRequest({ runner });
    second.tasks.addTask(() => void events.push("second"));
    await second.respond();
    await until(() => events.length === 2);
    await runner.drain();
    assertEquals(events, ["first", "second"]);
  });
}

/** Counts those of 100 objects that are still held; a few may stand on the stack. */
function heldOf(objects: readonly WeakRef<object>[]): Promise<number> {
  return leftAfterGarbage(
    () => objects.filter((object) => object.deref() !== undefined).length,
    49,
  );
}

testUnless(
  noGarbage,
  "a task that is cancelled keeps neither its function nor its arguments alive while others wait",
  async () => {
    const runner = new TaskRunner();
    const { tasks, respond } = openRequest({ runner });
    tasks.addTask(() => {});
    const held: WeakRef<object>[] = [];
    function addAndCancel(): void {
      const draft = { text: "draft" };
      const save = (_draft: object): void => {};
      held.push(new WeakRef(draft), new WeakRef(save));
      tasks.addTask(save, draft).cancel();
    }
    for (let i = 0; i < 50; i++) addAndCancel();
    const left = await heldOf(held);
    assertEquals(left < 50, true, `${left} of 100 are held`);
    await respond();
    assertEquals((await runner.drain()).finished, 1);
  },
);

testUnless(
  noGarbage,
  "tasks that are cancelled when all had ended leave nothing behind",
  async () => {
    const runner = new TaskRunner();
    const { tasks, respond } = openRequest({ runner });
    tasks.addTask(() => {});
    await respond();
    await runner.drain();
    const held: WeakRef<object>[] = [];
    function addAndCancel(): void {
      const task = tasks.addTask(() => {});
      held.push(new WeakRef(task));
      task.cancel();
    }
    for (let i = 0; i < 100; i++) {
      addAndCancel();
      await new Promise((resolve) => setTimeout(resolve));
    }
    const left = await heldOf(held);
    assertEquals(left < 50, true, `${left} of 100 are held`);
    tasks.addTask(() => {});
    assertEquals((await runner.drain()).finished, 1);
  },
);

test("what is discarded is said once for each name, where nobody observes", () =>
  unobserved(async () => {
    const lines = await consoleLines("warn", async () => {
      for (let i = 0; i < 3; i++) {
        const runner = new TaskRunner();
        const { tasks, respond } = openRequest({ runner });
        tasks.with({ name: "welcome mail" }).addTask(() => {});
        tasks.fail(new Error("the framework has caught this"));
        await respond();
        await runner.drain();
      }
    });
    assertEquals(lines.length, 1);
    assert(lines[0]?.includes('"welcome mail"'), lines[0]);
  }));

testUnless(
  noGarbage,
  "a task that goes on for long keeps neither its request nor its response alive",
  async () => {
    const runner = new TaskRunner();
    const lasting = gate();
    const requests: WeakRef<Request>[] = [];
    const fetch = withBackgroundTasks((_request, tasks) => {
      tasks.addTask(() => lasting.opened);
      return new Response(null);
    }, { runner });
    for (let i = 0; i < 100; i++) {
      const request = new Request("https://example.com/");
      requests.push(new WeakRef(request));
      await fetch(request);
    }
    await until(() => runner.stats().running === 100);
    // Bun takes whatever is left on the stack for a reference
    const held = await leftAfterGarbage(
      () => requests.filter((request) => request.deref() !== undefined).length,
      49,
    );
    assertEquals(held < 50, true, `${held} of 100 are held`);
    lasting.open();
    await runner.drain();
  },
);

test("TaskRunner.stats() counts as running what started, and no figure goes below 0", async () => {
  const runner = new TaskRunner({ maxPending: 10 });
  const { tasks, respond } = openRequest({ runner, onTaskError: () => {} });
  const lowest = (): number => {
    const { pending, running, waiting } = runner.stats();
    return Math.min(pending, running, waiting);
  };
  const held = gate();
  const first = tasks.addTask(() => held.opened);
  for (const task of [tasks.addTask(() => {}), tasks.addTask(() => {})]) {
    task.cancel();
    assertEquals([lowest(), runner.stats().running], [0, 0]);
  }
  await respond();
  await until(() => runner.stats().running === 1);
  tasks.addTask(() => {}).cancel();
  assertEquals(runner.stats().running, 1);
  first.cancel();
  held.open();
  await runner.drain();
  const { pending, running, waiting } = runner.stats();
  assertEquals([pending, running, waiting], [0, 0, 0]);
});

test("a request that adds tasks for hours keeps nothing of those that have ended", async () => {
  const { tasks, respond } = openRequest({ runner: new TaskRunner() });
  let most = 0;
  let left = 2_000;
  const again = (): void => {
    most = Math.max(most, [...tasks].length);
    if (--left > 0) tasks.addTask(again);
  };
  tasks.addTask(again);
  await respond();
  await until(() => left === 0);
  assertEquals(most, 1);
});

test("a hook that has settled leaves no timer behind", async () => {
  const timers = new Set<unknown>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const counted = (callback: () => void, delay = 0): unknown => {
    const timer = set(() => {
      timers.delete(timer);
      callback();
    }, delay) as unknown;
    timers.add(timer);
    return timer;
  };
  const cleared = (timer: number): void => {
    timers.delete(timer);
    clear(timer);
  };
  await withGlobal("setTimeout", counted, async () => {
    await withGlobal("clearTimeout", cleared, async () => {
      const runner = new TaskRunner();
      const { tasks, respond } = openRequest({
        runner,
        onTaskError: () => Promise.resolve(),
      });
      tasks.addTask(() => Promise.reject("no"));
      await respond();
      await runner.drain();
    });
  });
  assertEquals(timers.size, 0);
});

test("BackgroundTasks.fail() keeps the first error, whatever fails behind it", async () => {
  const runs: TaskRun[] = [];
  const runner = new TaskRunner({
    observers: [{ onEnd: (run) => void runs.push(run) }],
  });
  const { tasks, respond } = openRequest({ runner });
  const first = new Error("first");
  tasks.addTask(function observed() {});
  tasks.fail(first);
  tasks.fail(new Error("second"));
  const lines = await consoleLines("warn", async () => {
    await respond();
    await runner.drain();
  });
  assertEquals(lines, []); // whoever observes is told
  const { error, status } = runs[0]!;
  assertEquals([status, (error as Error).cause], ["discarded", first]);
});
