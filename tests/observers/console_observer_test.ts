import {
  assertEquals,
  assertFalse,
  assertMatch,
  assertThrows,
} from "@std/assert";
import { BackgroundTasks, type TaskRun } from "@postlude/background-tasks";
import {
  consoleObserver,
  type ConsoleObserverOptions,
} from "@postlude/background-tasks/observers";
import { createRunner } from "../harness/fake_clock.ts";
import { systemClock } from "../../src/task/clock.ts";
import { consoleLines } from "../harness/console_lines.ts";
import { fakeTime } from "../harness/fake_clock.ts";
import { test } from "../harness/test.ts";
import { respond } from "../harness/timeline.ts";

/** The lines of the console while the tasks of a request run, 20 ms at most. */
async function linesOf(
  options: ConsoleObserverOptions | undefined,
  add: (tasks: BackgroundTasks, sleep: () => Promise<void>) => void,
): Promise<string[]> {
  const { clock, runner } = fakeTime({ observers: [consoleObserver(options)] });
  const tasks = new BackgroundTasks({ runner, onTaskError: () => {} });
  return await consoleLines("log", async () => {
    add(
      tasks,
      () => new Promise((resolve) => clock.setTimeout(resolve, 12)),
    );
    await respond(tasks);
    for (let time = 0; time < 20; time++) await clock.advance(1);
  });
}

function fail(_secret: string): void {
  throw new Error("no such mailbox");
}

test("consoleObserver() writes one line for each task, with its duration", async () => {
  const lines = await linesOf(undefined, (tasks, sleep) => {
    tasks.with({ name: "sleep" }).addTask(sleep);
    tasks.addTask(fail, "secret");
  });
  assertEquals(lines, [
    "task sleep succeeded 12ms",
    "task fail failed 0ms: Error: no such mailbox",
  ]);
});

test("consoleObserver() writes a line for each attempt that failed", async () => {
  const lines = await linesOf(
    { format: "text" },
    (tasks) =>
      tasks.with({ retry: { attempts: 2, delay: 5, jitter: 0 } })
        .addTask(fail, "secret"),
  );
  assertEquals(lines, [
    "task fail attempt 1 failed: Error: no such mailbox",
    "task fail failed after 2 attempts 5ms: Error: no such mailbox",
  ]);
});

test("consoleObserver() writes the reason why a task did not run, without a duration", async () => {
  const lines = await linesOf(undefined, (tasks) => {
    tasks.with({ name: "never" }).addTask(fail, "secret").cancel("too late");
  });
  assertEquals(lines, ["task never cancelled: too late"]);
});

test("consoleObserver() keeps a hostile name on its line and out of the terminal", async () => {
  const lines = await linesOf(undefined, (tasks) => {
    const name = "a\ntask admin succeeded\x1b[2J\u202e";
    tasks.with({ name }).addTask(() => {});
  });
  assertEquals(lines, [
    "task a\\u000atask admin succeeded\\u001b[2J\\u202e succeeded 0ms",
  ]);
});

test("consoleObserver() survives an error that cannot become text", async () => {
  const lines = await linesOf(undefined, (tasks) => {
    tasks.with({ name: "odd" }).addTask(() => {
      throw Object.create(null);
    });
  });
  assertEquals(lines, ["task odd failed 0ms: an error that has no text"]);
});

test("consoleObserver() writes every event as a line of JSON, and no argument", async () => {
  const lines = await linesOf(
    { format: "json" },
    (tasks) =>
      tasks.with({ retry: { attempts: 2, delay: 5, jitter: 0 } })
        .addTask(fail, "secret"),
  );
  const entries = lines.map((line) => JSON.parse(line));
  assertEquals(
    entries.map(({ level, msg, attempt }) => [level, msg, attempt]),
    [
      ["info", "task added", 0],
      ["info", "task started", 1],
      ["warn", "task retried", 1],
      ["error", "task ended", 2],
    ],
  );
  const { time, id, error, ...last } = entries[3];
  assertEquals(last, {
    level: "error",
    msg: "task ended",
    task: "fail",
    status: "failed",
    attempt: 2,
    waited_ms: 0,
    duration_ms: 5,
  });
  assertMatch(time, /^\d{4}-\d\d-\d\dT.*Z$/);
  assertEquals(id, entries[0].id);
  assertEquals(error.message, "Error: no such mailbox");
  assertMatch(error.stack, /no such mailbox/);
  assertFalse(lines.join().includes("secret"));
});

/** The lines of the console when a runner with a task that is stuck is drained. */
async function linesOfDrain(
  options: ConsoleObserverOptions | undefined,
  names: readonly string[],
): Promise<string[]> {
  const { clock, runner } = fakeTime({ observers: [consoleObserver(options)] });
  const tasks = new BackgroundTasks({ runner, onTaskError: () => {} });
  return await consoleLines("log", async () => {
    tasks.with({ name: "done" }).addTask(() => {});
    for (const name of names) {
      tasks.with({ name }).addTask(() => new Promise(() => {}));
    }
    tasks.runAfter(new Response(null));
    const report = runner.drain({ timeout: 5 });
    while (runner.stats().succeeded === 0) await clock.advance(0);
    await clock.advance(5);
    await report;
  });
}

test("consoleObserver() writes one line when a drain has ended, which names what was abandoned", async () => {
  const lines = await linesOfDrain(undefined, ["stuck", "a\nb", "stuck"]);
  assertEquals(
    lines.at(-1),
    "drained: 1 finished, 0 failed, 3 abandoned: stuck (2), a\\u000ab",
  );
  assertEquals(
    (await linesOfDrain(undefined, [])).at(-1),
    "drained: 1 finished, 0 failed, 0 abandoned",
  );
});

test("consoleObserver() writes the end of a drain as a line of JSON", async () => {
  const format = "json";
  const [lost, kept] = [
    await linesOfDrain({ format }, ["stuck", "stuck"]),
    await linesOfDrain({ format }, []),
  ].map((lines) => JSON.parse(lines.at(-1)!));
  assertMatch(lost.time, /^\d{4}-\d\d-\d\dT.*Z$/);
  assertEquals({ ...lost, time: "" }, {
    time: "",
    level: "error",
    msg: "drained",
    finished: 1,
    failed: 0,
    abandoned: { stuck: 2 },
  });
  assertEquals([kept.level, kept.abandoned], ["info", {}]);
});

test("consoleObserver() names a hundred of the tasks that a drain abandoned, and counts the others", async () => {
  const names = Array.from({ length: 300 }, (_, index) => `stuck ${index}`);
  const text = (await linesOfDrain(undefined, names)).at(-1) ?? "";
  assertMatch(text, /300 abandoned: stuck 0, .*, and 200 names more$/);
  const json = (await linesOfDrain({ format: "json" }, names)).at(-1) ?? "";
  const { abandoned, more_names } = JSON.parse(json);
  assertEquals([Object.keys(abandoned).length, more_names], [100, 200]);
});

/** Errors that do not let themselves be read, each in its own way. */
function unreadable(): unknown[] {
  const get = (): never => {
    throw new Error("nobody may read this");
  };
  const keys = ["stack", "message", "name", "constructor", "cause"];
  return [
    ...keys.map((key) => Object.defineProperty(new Error("x"), key, { get })),
    new Proxy({}, { get, getPrototypeOf: get }),
  ];
}

for (const format of ["text", "json"] as const) {
  test(`consoleObserver() loses no line of an error that throws when it is read: ${format}`, async () => {
    const errors = unreadable();
    const lines = await linesOf({ format }, (tasks) => {
      for (const error of errors) {
        tasks.with({ name: "odd" }).addTask(() => {
          throw error;
        });
      }
    });
    const isEnd = format === "text" ? /^task odd failed 0ms: / : /task ended/;
    assertEquals(
      lines.filter((line) => isEnd.test(line)).length,
      errors.length,
    );
  });
}

test("consoleObserver() writes JSON that hides and forges nothing, and that is not long", async () => {
  const evil = "a\nb\x1b[2J\u202e";
  const lines = await linesOf({ format: "json" }, (tasks) => {
    tasks.with({ name: evil }).addTask(() => {
      throw new Error(evil + "x".repeat(1_000_000));
    });
  });
  const last = lines.at(-1) ?? "";
  assertFalse(/[\p{Cc}\u202e]/u.test(last));
  assertEquals(last.length < 30_000, true);
  assertEquals(JSON.parse(last).task, evil);
});

test("consoleObserver() writes no negative duration where the clock is set back", async () => {
  const { onEnd } = consoleObserver();
  const run = { id: "1", name: "a", attempt: 1, status: "succeeded" } as const;
  const times = { addedAt: 5_000, startedAt: 4_000, endedAt: 3_000 };
  const ended = { ...run, ...times, error: undefined };
  const text = await consoleLines("log", () => void onEnd?.(ended));
  assertEquals(text, ["task a succeeded 0ms"]);
  const json = consoleObserver({ format: "json" });
  const [line] = await consoleLines("log", () => void json.onEnd?.(ended));
  const { waited_ms, duration_ms } = JSON.parse(line ?? "");
  assertEquals([waited_ms, duration_ms], [0, 0]);
});

test("TaskObserver.onEnd() is told of no end before the start, where the clock is set back meanwhile", async () => {
  let now = 5_000;
  const ended: TaskRun[] = [];
  const clock = { ...systemClock, now: () => now };
  const onEnd = (run: TaskRun): number => ended.push(run);
  const runner = createRunner({ observers: [{ onEnd }] }, clock);
  const tasks = new BackgroundTasks({ runner });
  tasks.addTask(() => {
    now = 3_000;
  });
  await tasks.run();
  const { startedAt, endedAt } = ended[0]!;
  assertEquals([startedAt, endedAt], [5_000, 5_000]);
});

test("consoleObserver() refuses wrong options", () => {
  assertThrows(
    () => consoleObserver({ format: "xml" as never }),
    RangeError,
    'Cannot use format "xml": write "text" or "json"',
  );
  assertThrows(() => consoleObserver({ json: true } as never), TypeError);
});

test("consoleObserver() calls nobody's wish a fault, and a failure one", async () => {
  const lines = await linesOf({ format: "json" }, (tasks) => {
    tasks.addTask(function unwanted() {}).cancel();
    tasks.addTask(fail, "secret");
  });
  const levels = lines.map((line) => JSON.parse(line))
    .filter(({ msg }) => msg === "task ended")
    .map(({ level, status }) => `${status} ${level}`);
  assertEquals(levels.sort(), ["cancelled info", "failed error"]);
});

test("consoleObserver() gives a task that failed with nothing the level of an error", async () => {
  const lines = await linesOf({ format: "json" }, (tasks) => {
    tasks.with({ retry: { attempts: 2, delay: 5, jitter: 0 } }).addTask(() =>
      Promise.reject()
    );
  });
  assertEquals(lines.map((line) => JSON.parse(line).level), [
    ...["info", "info", "warn", "error"],
  ]);
});
