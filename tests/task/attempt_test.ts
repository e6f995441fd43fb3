import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  type BackgroundTasks,
  type BackgroundTasksOptions,
  defineTask,
  type RetryOptions,
  task,
  TaskTimeoutError,
} from "@postlude/background-tasks";
import { consoleLines } from "../harness/console_lines.ts";
import { gate } from "../harness/gate.ts";
import { collectUnhandled } from "../harness/unhandled.ts";
import { timeline } from "../harness/timeline.ts";
import { test } from "../harness/test.ts";

const hang = (): Promise<never> => new Promise(() => {});
const quiet: BackgroundTasksOptions = { onTaskError: () => {} };

test("timeout ends an attempt that never settles, and the next task goes on", async () => {
  const { tasks, events, advance } = await timeline({}, (tasks) => {
    tasks.with({ timeout: 100 }).addTask(function hangs() {
      return hang();
    });
    tasks.addTask(function next() {});
  });
  await advance(99);
  assertEquals(events, ["0 add hangs", "0 add next", "0 start hangs #1"]);
  await advance(1);
  assertEquals(events.slice(3), [
    '100 error TaskTimeoutError: Cannot finish task "hangs": the attempt took longer than its timeout of 100 ms',
    "100 end hangs #1 timed-out",
    "100 start next #1",
    "100 end next #1 succeeded",
  ]);
  assertEquals([...tasks], []);
});

test("timeout aborts the signal with the TaskTimeoutError the observers see", async () => {
  let reason: unknown;
  const errors: unknown[] = [];
  const slow = defineTask("slow", { timeout: 10 }, ({ signal }) => {
    signal.addEventListener("abort", () => reason = signal.reason);
    return hang();
  });
  const { advance } = await timeline(
    { onTaskError: (error) => errors.push(error) },
    (tasks) => void tasks.addTask(slow),
  );
  await advance(10);
  assert(reason instanceof TaskTimeoutError);
  assertEquals([reason.task, reason.timeout], ["slow", 10]);
  assertStrictEquals(errors[0], reason);
});

test("timeout counts from the start of each attempt", async () => {
  const { events, advance } = await timeline(quiet, (tasks) => {
    tasks.with({
      name: "task",
      timeout: 100,
      retry: { attempts: 2, delay: 50, jitter: 0 },
    }).addTask(hang);
  });
  await advance(249);
  assertEquals(events.slice(1), ["0 start task #1", "100 retry task #1"]);
  await advance(1);
  assertEquals(events.slice(3), ["250 end task #2 timed-out"]);
});

test("timeout takes its timer back when the attempt ends in time", async () => {
  const { clock } = await timeline(quiet, (tasks) => {
    tasks.with({ timeout: 100 }).addTask(() => {});
    tasks.with({ timeout: 100 }).addTask(() => Promise.reject(new Error()));
  });
  assertEquals(clock.untilNext(), undefined);
});

test("timeout ignores what a timed-out attempt does later", async () => {
  const late: (() => void)[] = [];
  const unhandled = await collectUnhandled(async () => {
    const { events, advance } = await timeline(quiet, (tasks) => {
      for (const settle of ["resolve", "reject"] as const) {
        tasks.with({ name: settle, timeout: 10 }).addTask(() =>
          new Promise<void>((resolve, reject) => {
            late.push(settle === "resolve" ? resolve : () => reject("late"));
          })
        );
      }
    });
    await advance(20);
    const before = [...events];
    assertEquals(before.slice(-1), ["20 end reject #1 timed-out"]);
    for (const settle of late) settle();
    await advance(0);
    assertEquals(events, before);
  });
  assertEquals([late.length, unhandled], [2, []]);
});

test("retry waits exactly delay * factor ** n, at most maxDelay, without jitter", async () => {
  const starts = await attemptTimes({
    attempts: 6,
    delay: 100,
    factor: 3,
    maxDelay: 1_000,
    jitter: 0,
  });
  assertEquals(starts, [0, 100, 400, 1300, 2300, 3300]);
});

test("retry waits a second, doubling up to a minute, by default", async () => {
  const starts = await attemptTimes({ attempts: 9, jitter: 0 });
  const delays = starts.slice(1).map((start, n) => start - starts[n]!);
  assertEquals(delays, [1, 2, 4, 8, 16, 32, 60, 60].map((s) => s * 1_000));
});

test("retry takes the random share of a delay from its jitter", async () => {
  const cases: [jitter: number | undefined, random: number, delay: number][] = [
    [1, 0, 1_000],
    [1, 0.999_999, 0],
    [undefined, 0.25, 750],
    [0.5, 0, 1_000],
    [0.5, 0.999_999, 500],
    [0, 0.999_999, 1_000],
  ];
  for (const [jitter, random, delay] of cases) {
    const starts = await withRandom(random, () =>
      attemptTimes({
        attempts: 2,
        delay: 1_000,
        ...(jitter !== undefined && { jitter }),
      }));
    assertEquals(starts, [0, delay], `jitter ${jitter}, random ${random}`);
  }
});

test("retry without a delay goes on for as many attempts as it was given", async () => {
  const starts = await attemptTimes({ attempts: 1_100, delay: 0 });
  assertEquals([starts.length, starts.at(-1)], [1_100, 0]);
});

test("retry ends with the first attempt that succeeds", async () => {
  const { events, advance } = await timeline({}, (tasks) => {
    const flaky = defineTask("flaky", {
      retry: { attempts: 5, delay: 10, jitter: 0 },
    }, ({ attempt }) => {
      if (attempt < 3) throw attempt;
    });
    tasks.addTask(flaky);
  });
  await advance(1_000);
  assertEquals(events.slice(1), [
    "0 start flaky #1",
    "0 retry flaky #1",
    "10 retry flaky #2",
    "30 end flaky #3 succeeded",
  ]);
});

test("retry.when gets what was thrown, and ends the task with false", async () => {
  const judged: unknown[] = [];
  const { events } = await timeline(quiet, (tasks) => {
    tasks.with({
      name: "task",
      retry: {
        attempts: 5,
        when: (error) => {
          judged.push(error);
          return false;
        },
      },
    }).addTask(() => Promise.reject("fatal"));
  });
  assertEquals(judged, ["fatal"]);
  assertEquals(events.slice(2), ["0 end task #1 failed"]);
});

test("retry.when that throws, or returns a promise, fails the task with its own error", async () => {
  const lines: string[] = [];
  const unhandled = await collectUnhandled(async () => {
    for (
      const when of [
        () => {
          throw new Error("when broke");
        },
        () => Promise.reject(new Error("a promise is no answer")),
      ]
    ) {
      await consoleLines("error", async () => {
        const { events } = await timeline({
          onTaskError: (error) => lines.push(`onTaskError ${error}`),
        }, (tasks) => {
          tasks.with({
            name: "task",
            retry: { attempts: 5, when: when as never },
          }).addTask(() => Promise.reject("own"));
        });
        assertEquals(events.slice(2), ["0 end task #1 failed"]);
      }, lines);
    }
  });
  assertEquals(unhandled, []);
  assertEquals(lines, [
    "Background tasks: retry.when failed: Error: when broke",
    "onTaskError own",
    "Background tasks: retry.when failed: TypeError: Cannot use what retry.when returned: it is a Promise; write a function that returns true or false",
    "onTaskError own",
  ]);
});

test("a task that throws somebody else's TaskTimeoutError has failed, not timed out", async () => {
  const { events } = await timeline(quiet, (tasks) => {
    tasks.with({ name: "task", timeout: 10 }).addTask(() =>
      Promise.reject(new TaskTimeoutError("another", 1))
    );
  });
  assertEquals(events.at(-1), "0 end task #1 failed");
});

test("BackgroundTask.cancel() during an attempt aborts its signal and lets the next task go on", async () => {
  let signal: AbortSignal | undefined;
  const { tasks, events, advance } = await timeline(quiet, (tasks) => {
    tasks.addTask(defineTask("hangs", (context) => {
      signal = context.signal;
      return hang();
    }));
    tasks.addTask(function next() {});
  });
  assertEquals(signal?.aborted, false);
  const [running] = tasks;
  assertEquals(running?.cancel("no longer wanted"), true);
  assertEquals([signal?.aborted, signal?.reason, running?.state], [
    true,
    "no longer wanted",
    "cancelled",
  ]);
  await advance(0);
  assertEquals(events.slice(3), [
    "0 end hangs #1 cancelled",
    "0 start next #1",
    "0 end next #1 succeeded",
  ]);
});

test("BackgroundTask.cancel() during an attempt ends its retries, whatever it throws then", async () => {
  const { tasks, clock, events, advance } = await timeline(quiet, (tasks) => {
    tasks.addTask(defineTask(
      "task",
      {
        timeout: 1_000,
        retry: { attempts: 3 },
      },
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason))
        ),
    ));
  });
  for (const running of tasks) running.cancel();
  await advance(0);
  assertEquals(events.slice(2), ["0 end task #1 cancelled"]);
  assertEquals(clock.untilNext(), undefined);
});

test("BackgroundTask.cancel() during a retry pause ends it at once", async () => {
  const { tasks, clock, events, advance } = await timeline(quiet, (tasks) => {
    tasks.with({ name: "task", retry: { attempts: 2, delay: 60_000 } })
      .addTask(() => Promise.reject("no"));
    tasks.addTask(function next() {});
  });
  assertEquals(events.at(-1), "0 retry task #1");
  for (const task of tasks) {
    if (task.name === "task") task.cancel();
  }
  await advance(0);
  assertEquals(events.slice(4), [
    "0 end task #1 cancelled",
    "0 start next #1",
    "0 end next #1 succeeded",
  ]);
  assertEquals(clock.untilNext(), undefined);
});

test("BackgroundTask.cancel() from inside the task itself lets the sequence go on", async () => {
  for (const policy of [{}, { timeout: 1_000 }, { retry: { attempts: 2 } }]) {
    for (const settle of [hang, () => Promise.resolve(), () => {}]) {
      const { events, advance } = await timeline(quiet, (tasks) => {
        const own = tasks.with({ ...policy, name: "own" }).addTask(() => {
          own.cancel();
          return settle();
        });
        tasks.addTask(function next() {});
      });
      await advance(0);
      assertEquals(events.slice(3), [
        "0 end own #1 cancelled",
        "0 start next #1",
        "0 end next #1 succeeded",
      ]);
    }
  }
});

test("BackgroundTask.cancel() in onStart keeps the function from being called", async () => {
  const called: string[] = [];
  const made = task(() => void called.push("called"));
  const { events } = await timeline(
    quiet,
    (tasks) => {
      tasks.addGroup(made);
      tasks.addTask(function next() {});
    },
    { onStart: ({ id }) => void (id === made.id && made.cancel()) },
  );
  assertEquals(called, []);
  assertEquals(events.slice(2), [
    "0 start anonymous #1",
    "0 end anonymous #1 cancelled",
    "0 start next #1",
    "0 end next #1 succeeded",
  ]);
});

test("BackgroundTask.cancel() in around keeps the function from being called", async () => {
  for (const timeout of [undefined, 1_000]) {
    const called: string[] = [];
    const made = task(() => void called.push("called"));
    const { events } = await timeline(
      quiet,
      (tasks) =>
        tasks.with(timeout === undefined ? {} : { timeout }).addGroup(made),
      {
        around: (_, attempt) => {
          made.cancel();
          attempt();
        },
      },
    );
    assertEquals(called, []);
    assertEquals(events.slice(1), [
      "0 start anonymous #1",
      "0 end anonymous #1 cancelled",
    ]);
  }
});

test("BackgroundTask.cancel() in retry.when leaves the signal of the attempt that has ended alone", async () => {
  let signal: AbortSignal | undefined;
  const failing = defineTask("failing", (context) => {
    signal = context.signal;
    throw new Error("no");
  });
  const made = task(failing);
  const { events } = await timeline(quiet, (tasks) => {
    tasks.with({ retry: { attempts: 2, when: () => made.cancel() } })
      .addGroup(made);
  });
  assertEquals(events.at(-1), "0 end failing #1 cancelled");
  assertEquals(signal?.aborted, false);
});

test("BackgroundTask.cancel() in onRetry or in retry.when ends the task at once", async () => {
  for (const where of ["onRetry", "when"]) {
    const made = task(() => Promise.reject("no"));
    const { clock, events } = await timeline(
      quiet,
      (tasks) => {
        tasks.with({
          name: "task",
          retry: {
            attempts: 3,
            delay: 60_000,
            when: () => where !== "when" || made.cancel(),
          },
        }).addGroup(made);
        tasks.addTask(function next() {});
      },
      { onRetry: () => void (where === "onRetry" && made.cancel()) },
    );
    assertEquals(events.filter((event) => !event.includes("retry")).slice(3), [
      "0 end task #1 cancelled",
      "0 start next #1",
      "0 end next #1 succeeded",
    ]);
    assertEquals(clock.untilNext(), undefined);
  }
});

test("a task that was cancelled before it was added is reported, and never runs", async () => {
  const called: string[] = [];
  const { tasks, events } = await timeline(quiet, (tasks) => {
    const cancelled = task(() => void called.push("called"));
    cancelled.cancel();
    tasks.addGroup(cancelled, task(function sibling() {}));
    tasks.addTask(function next() {});
  });
  assertEquals(events, [
    "0 add anonymous",
    "0 end anonymous #0 cancelled",
    "0 add sibling",
    "0 add next",
    "0 start sibling #1",
    "0 end sibling #1 succeeded",
    "0 start next #1",
    "0 end next #1 succeeded",
  ]);
  assertEquals([called, tasks.size], [[], 0]);
});

test("TaskRunner.drain() at its deadline ends a retry pause, a running and a waiting task", async () => {
  const signals: AbortSignal[] = [];
  const { runner, clock, events, advance } = await timeline(quiet, (tasks) => {
    tasks.addGroup(
      task(defineTask("pauses", { retry: { attempts: 2, jitter: 0 } }, () => {
        throw "no";
      })),
      task(defineTask("runs", ({ signal }) => {
        signals.push(signal);
        return hang();
      })),
    );
    tasks.addTask(function waits() {});
  });
  const draining = runner.drain({ timeout: 5 });
  await advance(5);
  const { abandoned } = await draining;
  assertEquals(abandoned.map(({ name }) => name), ["pauses", "runs", "waits"]);
  assertEquals(events.slice(-3), [
    "5 end pauses #1 abandoned",
    "5 end runs #1 abandoned",
    "5 end waits #0 abandoned",
  ]);
  assertEquals(signals.map(({ aborted }) => aborted), [true]);
  assertEquals(clock.untilNext(), undefined);
});

test("TaskRunner.drain() at its deadline refuses what an observer adds for it", async () => {
  let queue: BackgroundTasks | undefined;
  const added: string[] = [];
  const { runner, advance } = await timeline(
    quiet,
    (tasks) => {
      queue = tasks;
      tasks.addTask(hang);
    },
    {
      onEnd: () => {
        try {
          queue?.addTask(() => {});
          added.push("accepted");
        } catch (error) {
          added.push((error as Error).name);
        }
      },
    },
  );
  const draining = runner.drain({ timeout: 5 });
  await advance(5);
  await draining;
  assertEquals(added, ["BackgroundTasksClosedError"]);
  assertEquals(runner.stats().pending, 0);
});

test("context.signal is not aborted by success, failure, or anything after it", async () => {
  const signals: AbortSignal[] = [];
  const { tasks, advance } = await timeline(quiet, (tasks) => {
    for (const fails of [false, true]) {
      for (const policy of [{}, { timeout: 100, retry: { attempts: 2 } }]) {
        tasks.addTask(defineTask("task", policy, async ({ signal }) => {
          signals.push(signal);
          await Promise.resolve();
          if (fails) throw new Error();
        }));
      }
    }
  });
  const before = [...tasks];
  await advance(10_000);
  for (const task of before) task.cancel();
  assertEquals(signals.length, 5);
  assertEquals(signals.some(({ aborted }) => aborted), false);
});

test("context.signal is aborted already for a handler that first asks after the abort", async () => {
  const seen: string[] = [];
  const late = gate();
  const asked = gate();
  const { advance } = await timeline(quiet, (tasks) => {
    tasks.addTask(defineTask("late", { timeout: 10 }, async (context) => {
      await late.opened;
      seen.push(`late ${context.signal.aborted}`);
      asked.open();
      return await hang();
    }));
    tasks.addTask(defineTask("in time", ({ signal }) => {
      seen.push(`in time ${signal.aborted}`);
    }));
  });
  await advance(10);
  late.open();
  await asked.opened;
  assertEquals(seen, ["in time false", "late true"]);
});

test("a task that returns a thenable is awaited, whatever it is and however it fails", async () => {
  const broken = Promise.resolve();
  Object.defineProperty(broken, "then", {
    value: () => {
      throw new Error("then broke");
    },
  });
  const callable = Object.assign(() => {}, {
    then: (_: unknown, reject: (error: unknown) => void) => reject("callable"),
  });
  const getter = {
    get then(): never {
      throw "getter";
    },
  };
  const ended: string[] = [];
  const { events } = await timeline({
    onTaskError: (error) => ended.push(String(error)),
  }, (tasks) => {
    for (const result of [broken, callable, getter]) {
      tasks.addTask(() => result);
      tasks.with({ timeout: 10 }).addTask(() => result);
    }
    tasks.addTask(function last() {});
  });
  assertEquals(ended, [
    "Error: then broke",
    "Error: then broke",
    "callable",
    "callable",
    "getter",
    "getter",
  ]);
  assertEquals(events.at(-1), "0 end last #1 succeeded");
});

/** When each attempt of a task that always fails starts. */
async function attemptTimes(retry: RetryOptions): Promise<number[]> {
  const starts: number[] = [];
  const { advance } = await timeline(
    quiet,
    (tasks, clock) =>
      void tasks.with({ retry }).addTask(() => {
        starts.push(clock.now());
        throw new Error();
      }),
  );
  await advance(1_000_000);
  return starts;
}

async function withRandom<T>(
  value: number,
  body: () => Promise<T>,
): Promise<T> {
  const { random } = Math;
  Math.random = () => value;
  try {
    return await body();
  } finally {
    Math.random = random;
  }
}
