import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  BackgroundTasks,
  defineTask,
  drain,
  type TaskRun,
  TaskRunner,
  type TaskRunnerOptions,
} from "@postlude/background-tasks";
import { createRunner } from "../harness/fake_clock.ts";
import { nextTurn } from "../../src/testing/next_turn.ts";
import { VirtualClock } from "../../src/testing/virtual_clock.ts";
import { systemClock } from "../../src/task/clock.ts";
import { processWork } from "../../src/runner/process_work.ts";
import { consoleLines } from "../harness/console_lines.ts";
import { endedRequest } from "../harness/ended_request.ts";
import { gate } from "../harness/gate.ts";
import { until } from "../harness/until.ts";
import { nothingShared, testUnless } from "../harness/left_out.ts";
import { openRequest } from "../harness/open_request.ts";
import { withFakeTimers } from "../harness/fake_timers.ts";
import { test } from "../harness/test.ts";

/** A runner that records how its tasks end, by a clock that stands still. */
function record(options: TaskRunnerOptions = {}): {
  runner: TaskRunner;
  clock: VirtualClock;
  ended: string[];
} {
  const clock = new VirtualClock();
  const ended: string[] = [];
  const onEnd = ({ name, status }: { name: string; status: string }): void =>
    void ended.push(`${name} ${status}`);
  const runner = createRunner({ ...options, observers: [{ onEnd }] }, clock);
  return { runner, clock, ended };
}

const never = (): Promise<void> => new Promise(() => {});

test("drain() resolves at once when nothing is pending", async () => {
  const report = { finished: 0, failed: 0, abandoned: [] };
  assertEquals(await new TaskRunner().drain(), report);
  assertEquals(await new TaskRunner().drain({ timeout: 0 }), report);
});

test("drain() waits for tasks added meanwhile, by tasks and by further requests", async () => {
  const { runner, ended } = record();
  const first = gate();
  endedRequest(
    runner,
    (tasks) =>
      tasks.with({ name: "first" }).addTask(async () => {
        await first.opened;
        tasks.with({ name: "by a task" }).addTask(async () => {
          await Promise.resolve();
          endedRequest(runner, (other) => {
            other.with({ name: "by a request" }).addTask(() => {});
          });
        });
      }),
  );
  const report = runner.drain();
  first.open();
  assertEquals(await report, { finished: 3, failed: 0, abandoned: [] });
  assertEquals(ended, [
    "first succeeded",
    "by a task succeeded",
    "by a request succeeded",
  ]);
});

test("drain() counts what succeeded and what failed while it waited", async () => {
  const { runner } = record();
  endedRequest(runner, (tasks) => tasks.addTask(() => {}));
  await runner.drain();
  endedRequest(runner, (tasks) => {
    tasks.addTask(() => {});
    tasks.addTask(() => Promise.reject("no"));
    tasks.addTask(() => {}).cancel();
    tasks.addTask(() => {});
  });
  assertEquals(await runner.drain(), {
    finished: 2,
    failed: 1,
    abandoned: [],
  });
});

test("drain() aborts every signal at the timeout, and reports by name what had not ended", async () => {
  const { runner, clock, ended } = record();
  const reasons: unknown[] = [];
  const stuck = defineTask("stuck", ({ signal }) => {
    signal.addEventListener("abort", () => reasons.push(signal.reason.name));
    return never();
  });
  endedRequest(runner, (tasks) => {
    tasks.with({ name: "done" }).addTask(() => {});
    tasks.addTask(stuck);
    tasks.with({ name: "waits" }).addTask(() => {});
  });
  endedRequest(runner, (tasks) => tasks.addTask(stuck));
  await until(() => runner.stats().running === 2);
  const report = runner.drain({ timeout: 1_000 });
  await clock.advance(999);
  assertEquals([reasons, ended], [[], ["done succeeded"]]);
  await clock.advance(1);
  const { finished, failed, abandoned } = await report;
  assertEquals([finished, failed], [0, 0]);
  assertEquals(
    abandoned.map(({ name, status, startedAt }) => [name, status, startedAt]),
    [
      ["stuck", "abandoned", 0],
      ["waits", "abandoned", undefined],
      ["stuck", "abandoned", 0],
    ],
  );
  assertEquals(reasons, ["AbortError", "AbortError"]);
  assertEquals(runner.stats().pending, 0);
});

test("drain() gives each abandoned task exactly one onEnd, whatever it does later", async () => {
  const { runner, clock, ended } = record();
  const [late, later] = [gate(), gate()];
  endedRequest(runner, (tasks) => {
    tasks.with({ name: "resolves" }).addTask(() => late.opened);
    tasks.with({ name: "waits" }).addTask(() => {});
  });
  endedRequest(
    runner,
    (tasks) =>
      tasks.with({ name: "rejects", retry: { attempts: 3 } }).addTask(() =>
        late.opened.then(() => Promise.reject("late")).finally(later.open)
      ),
  );
  await until(() => runner.stats().running === 2);
  await runner.drain({ timeout: 0, signal: AbortSignal.abort() });
  late.open();
  await later.opened;
  await clock.advance(100_000);
  assertEquals(ended, [
    "resolves abandoned",
    "waits abandoned",
    "rejects abandoned",
  ]);
});

test("drain() abandons what waits for a retry, for a free place or for its response", async () => {
  const { runner, ended } = record({ concurrency: 2 });
  endedRequest(
    runner,
    (tasks) =>
      tasks.with({ name: "retries", retry: { attempts: 2, jitter: 0 } })
        .addTask(
          () => Promise.reject("no"),
        ),
  );
  endedRequest(runner, (tasks) => tasks.with({ name: "runs" }).addTask(never));
  endedRequest(
    runner,
    (tasks) => tasks.with({ name: "has no place" }).addTask(never),
  );
  const { tasks, respond } = openRequest({ runner });
  tasks.with({ name: "has no response" }).addTask(never);
  await until(() => runner.stats().running === 2);
  const { abandoned } = await runner.drain({ signal: AbortSignal.abort() });
  const names = ["retries", "runs", "has no place", "has no response"];
  assertEquals(abandoned.map(({ name }) => name), names);
  assertEquals(ended, names.map((name) => `${name} abandoned`));
  await respond();
  endedRequest(
    runner,
    (tasks) => tasks.with({ name: "next" }).addTask(() => {}),
  );
  await runner.drain();
  assertEquals(ended.slice(4), ["next succeeded"]);
});

test("drain() ends early at its signal, and without one goes on", async () => {
  const { runner } = record();
  endedRequest(runner, (tasks) => tasks.with({ name: "stuck" }).addTask(never));
  const controller = new AbortController();
  let ended = false;
  const report = runner.drain({ signal: controller.signal });
  report.then(() => ended = true);
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals(ended, false);
  controller.abort();
  assertEquals((await report).abandoned.map(({ name }) => name), ["stuck"]);
});

test("drain() abandons nothing when the last task ends before the timeout, and keeps no timer", async () => {
  const { runner, clock } = record();
  const first = gate();
  endedRequest(runner, (tasks) => tasks.addTask(() => first.opened));
  const report = runner.drain({ timeout: 1_000 });
  await clock.advance(999);
  first.open();
  assertEquals(await report, { finished: 1, failed: 0, abandoned: [] });
  assertEquals(clock.untilNext(), undefined);
});

testUnless(
  nothingShared,
  "drain() waits while a response still streams",
  async () => {
    const { runner, ended } = record();
    const tasks = new BackgroundTasks({ runner });
    tasks.with({ name: "after" }).addTask(() => {});
    let stream!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (stream = controller),
    });
    // a platform that tells: the response of Node has not closed
    let close!: () => void;
    const outgoing = {
      writableFinished: false,
      prependOnceListener: (_event: string, listener: () => void) =>
        void (close = listener),
    };
    tasks.runAfter(new Response(body), { platform: { outgoing } });
    let drained = false;
    const report = runner.drain();
    report.then(() => drained = true);
    stream.enqueue(new Uint8Array(1));
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assertEquals([drained, ended], [false, []]);
    close();
    assertEquals((await report).finished, 1);
    assertEquals(ended, ["after succeeded"]);
  },
);

test("drain() of the process waits for every runner, also for one that was idle at first", async () => {
  await drain({ signal: AbortSignal.abort() }); // what other tests left behind
  const [one, two] = [record(), record()];
  const first = gate();
  endedRequest(
    one.runner,
    (tasks) =>
      tasks.with({ name: "one" }).addTask(async () => {
        await first.opened;
        endedRequest(
          two.runner,
          (other) => other.with({ name: "two" }).addTask(() => {}),
        );
      }),
  );
  const report = drain();
  first.open();
  assertEquals(await report, { finished: 2, failed: 0, abandoned: [] });
  assertEquals([one.ended, two.ended], [["one succeeded"], ["two succeeded"]]);
});

test("drain() of the process abandons on every runner", async () => {
  const [one, two] = [record(), record()];
  for (const { runner } of [one, two]) {
    endedRequest(
      runner,
      (tasks) => tasks.with({ name: "stuck" }).addTask(never),
    );
  }
  await drain({ signal: AbortSignal.abort() });
  assertEquals([one.ended, two.ended], [["stuck abandoned"], [
    "stuck abandoned",
  ]]);
});

test("drain() lets a signal's listener add nothing to what was abandoned", async () => {
  const { runner } = record();
  const errors: unknown[] = [];
  const stuck = defineTask("stuck", ({ signal }, tasks: BackgroundTasks) => {
    signal.addEventListener("abort", () => {
      try {
        tasks.addTask(() => {});
      } catch (error) {
        errors.push((error as Error).name);
      }
    });
    return never();
  });
  endedRequest(runner, (tasks) => {
    tasks.addTask(stuck, tasks);
    tasks.addTask(never);
  });
  await until(() => runner.stats().running === 1);
  await runner.drain({ signal: AbortSignal.abort() });
  assertEquals(errors, ["BackgroundTasksClosedError"]);
  assertStrictEquals(runner.stats().pending, 0);
});

/** A runner whose observer writes down what it is told of each drain. */
function recordDrains(options: TaskRunnerOptions = {}): {
  runner: TaskRunner;
  events: string[];
} {
  const events: string[] = [];
  const runner = new TaskRunner({
    ...options,
    observers: [{
      onEnd: ({ name, status }) => void events.push(`${name} ${status}`),
      onDrain: ({ finished, failed, abandoned }) =>
        void events.push(
          `drained ${finished} ${failed} ${
            abandoned.map(({ name }) => name).join()
          }`,
        ),
    }],
  });
  return { runner, events };
}

test("TaskObserver.onDrain() is called once when a drain has ended, with its report", async () => {
  const { runner, events } = recordDrains();
  endedRequest(runner, (tasks) => {
    tasks.with({ name: "one" }).addTask(() => {});
    tasks.with({ name: "two" }).addTask(() => Promise.reject("no"));
    tasks.with({ name: "three" }).addTask(never);
    tasks.with({ name: "four" }).addTask(never);
  });
  const controller = new AbortController();
  const report = runner.drain({ signal: controller.signal });
  await until(() => events.length === 2);
  controller.abort();
  await report;
  await runner.close();
  assertEquals(events, [
    "one succeeded",
    "two failed",
    "three abandoned",
    "four abandoned",
    "drained 1 1 three,four",
    "drained 0 0 ",
  ]);
});

test("TaskObserver.onDrain() tells each runner its own part when the process is drained, those that had nothing left out", async () => {
  await drain({ signal: AbortSignal.abort() }); // what other tests left behind
  const [one, two, idle] = [recordDrains(), recordDrains(), recordDrains()];
  const first = gate();
  const meanwhile = gate();
  endedRequest(
    one.runner,
    (tasks) =>
      tasks.with({ name: "one" }).addTask(async () => {
        await first.opened;
        // begins and ends while this one is waited for
        endedRequest(
          two.runner,
          (other) => other.with({ name: "two" }).addTask(meanwhile.open),
        );
        await meanwhile.opened;
      }),
  );
  const report = drain();
  first.open();
  assertEquals(await report, { finished: 2, failed: 0, abandoned: [] });
  assertEquals(one.events, ["one succeeded", "drained 1 0 "]);
  assertEquals(two.events, ["two succeeded", "drained 1 0 "]);
  assertEquals(idle.events, []);
});

test("TaskObserver.onDrain() is contained when it throws", async () => {
  const events: string[] = [];
  const runner = new TaskRunner({
    observers: [{
      onDrain: () => {
        throw new Error("no disk");
      },
    }, { onDrain: () => void events.push("drained") }],
  });
  const errors = await consoleLines("error", async () => {
    assertEquals(await runner.drain(), {
      finished: 0,
      failed: 0,
      abandoned: [],
    });
  });
  assertEquals(errors, [
    "Background tasks: onDrain failed: Error: no disk",
  ]);
  assertEquals(events, ["drained"]);
});

/** A runner whose observer never gets its last word out. */
const runnerThatHangs = (): TaskRunner =>
  new TaskRunner({ observers: [{ onDrain: () => new Promise(() => {}) }] });

const CUT_OFF = "Background tasks: onDrain was cut off";

test("TaskObserver.onDrain() that outlasts the drain is told of", async () => {
  const lines = await consoleLines("error", async () => {
    await runnerThatHangs().drain({ timeout: 1 });
  });
  assertEquals(lines, [CUT_OFF]);
});

test("TaskObserver.onDrain() that never settles holds a drain without a timeout for 30 seconds", async () => {
  const lines = await consoleLines(
    "error",
    () =>
      withFakeTimers(async (advance) => {
        const drained = runnerThatHangs().drain();
        for (let microtasks = 0; microtasks < 10; microtasks++) await null;
        advance(29_999);
        advance(30_000);
        await drained;
      }),
  );
  assertEquals(lines, [CUT_OFF]);
});

test("drain() refuses wrong options, with the rule and the value", async () => {
  const cases: [unknown, ErrorConstructor, string][] = [
    [5_000, TypeError, "drain options from 5000: write an object"],
    [
      new TaskRunner(),
      TypeError,
      "drain options from a TaskRunner: write an object",
    ],
    [{ timeOut: 1 }, TypeError, "the drain options are timeout, signal"],
    [{ timeout: -1 }, RangeError, "timeout -1: it must be an integer from 0"],
    [{ timeout: Infinity }, RangeError, "timeout Infinity"],
    [{ timeout: "1" }, TypeError, 'timeout "1"'],
    [{ signal: {} }, TypeError, "signal an object: write an AbortSignal"],
    [{ signal: null }, TypeError, "signal null: write an AbortSignal"],
  ];
  for (const [options, type, message] of cases) {
    await assertRejects(() => drain(options as never), type, message);
    await assertRejects(
      () => new TaskRunner().drain(options as never),
      type,
      message,
    );
  }
});

test("drain() gives back the place of a request that was abandoned between its response and its turn", async () => {
  const runner = new TaskRunner({ concurrency: 1 });
  const respond = (runner: TaskRunner): void => {
    const tasks = new BackgroundTasks({ runner });
    tasks.addTask(() => {});
    tasks.runAfter(new Response("ok"));
  };
  respond(runner);
  const { abandoned } = await runner.drain({ signal: AbortSignal.abort() });
  assertEquals(abandoned.length, 1);
  const other = new TaskRunner();
  respond(other);
  await other.drain(); // so the turn of the one that was abandoned has passed, too
  respond(runner);
  assertEquals((await runner.drain({ timeout: 5_000 })).finished, 1);
});

test("waitUntil() of the platform is given promises that settle, before and after a drain that abandons", async () => {
  const runner = new TaskRunner();
  const given: Promise<unknown>[] = [];
  const tasks = new BackgroundTasks({
    runner,
    onTaskError: () => new Promise(() => {}),
  });
  tasks.addTask(() => {
    throw new Error("its hook never settles");
  });
  tasks.addTask(() => new Promise(() => {}));
  tasks.runAfter(new Response(null), {
    waitUntil: (promise) => given.push(promise),
  });
  while (runner.stats().failed === 0) await nextTurn();
  const { abandoned } = await runner.drain({ timeout: 0 });
  assertEquals(abandoned.length, 2);
  await Promise.all(given);
  tasks.waitUntil(Promise.reject(new Error("late")));
  tasks.addTask(() => {});
  assertEquals(given.length, 2);
  await runner.drain({ timeout: 0 });
  await Promise.all(given);
});

test("drain() leaves no listener behind, whether it waited, was cut off or had nothing to do", async () => {
  const before = processWork.listeners.size;
  const { runner } = record();
  await runner.drain();
  endedRequest(runner, (tasks) => tasks.addTask(() => {}));
  await runner.drain();
  endedRequest(runner, (tasks) => tasks.addTask(never));
  await runner.drain({ signal: AbortSignal.abort() });
  await drain({ timeout: 0 });
  assertEquals(processWork.listeners.size, before);
});

test("drain() tells what another drain, whose time was over first, abandoned", async () => {
  const { runner, clock } = record();
  endedRequest(runner, (tasks) => tasks.with({ name: "slow" }).addTask(never));
  await nextTurn();
  const patient = runner.drain();
  const hurried = runner.drain({ timeout: 5 });
  await clock.advance(5);
  const names = (await Promise.all([patient, hurried]))
    .map(({ abandoned }) => abandoned.map(({ name }) => name));
  assertEquals(names, [["slow"], ["slow"]]);
});

test("a task ends no earlier than it started, where the clock is set back", async () => {
  let now = 1_000;
  const clock = { ...systemClock, now: () => now };
  const times: [number | undefined, number | undefined][] = [];
  const onEnd = ({ startedAt, endedAt }: TaskRun): void =>
    void times.push([startedAt, endedAt]);
  const runner = createRunner({ observers: [{ onEnd }] }, clock);
  endedRequest(runner, (tasks) => tasks.addTask(() => void (now = 400)));
  await runner.drain();
  assertEquals(times, [[1_000, 1_000]]);
});
