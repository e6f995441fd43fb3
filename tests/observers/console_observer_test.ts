import {
  assertEquals,
  assertFalse,
  assertMatch,
  assertThrows,
} from "@std/assert";
import { BackgroundTasks } from "@postlude/background-tasks";
import {
  consoleObserver,
  type ConsoleObserverOptions,
} from "@postlude/background-tasks/observers";
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

test("consoleObserver() refuses wrong options", () => {
  assertThrows(
    () => consoleObserver({ format: "xml" as never }),
    RangeError,
    'Cannot use format "xml": write "text" or "json"',
  );
  assertThrows(() => consoleObserver({ json: true } as never), TypeError);
});
